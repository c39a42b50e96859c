import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Scenario } from './killed-process';

/** A node of the app in another process. */
export class KillableApp {
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;
  private readonly lines: AsyncIterator<string, undefined>;
  private readonly ended: Promise<unknown>;

  constructor(url: string, scenario: Scenario) {
    const program = ['-r', join(__dirname, 'typescript.cjs'), join(__dirname, 'killed-process.ts')];
    this.child = spawn(process.execPath, [...program, url, scenario], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.ended = once(this.child, 'exit');
    this.lines = createInterface(this.child.stdout)[Symbol.asyncIterator]();
  }

  /** The next thing it says. */
  async line(): Promise<string> {
    const { value, done } = await this.lines.next();
    if (done) throw new Error('The app ended before it said anything more.');
    return value;
  }

  /** `kill -9`; once is enough. @returns what it had said and nobody had read */
  async kill(): Promise<string[]> {
    this.child.kill('SIGKILL');
    await this.ended;
    const rest: string[] = [];
    for (let next = await this.lines.next(); !next.done; next = await this.lines.next()) rest.push(next.value);
    return rest;
  }
}
