import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import { until, untilSo } from './until';

export interface NodeSettings {
  /** Default: 1,000 */
  readonly recordingBatch?: number;
  /** Without them the node follows nothing. */
  readonly listeners?: { readonly timeLimit: number; readonly maxAttempts: number; readonly backoff?: number };
  /** The seq of a record at which the listener never ends by itself. */
  readonly stuckAt?: string;
}

/** A node in a process of its own, which can be killed and frozen. What it does stands in cluster-node-program.ts. */
export class ClusterNode {
  /** What it has said, oldest first. */
  readonly said: string[] = [];
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;
  private readonly ended: Promise<unknown>;

  private constructor(url: string, settings: NodeSettings) {
    const program = ['-r', join(__dirname, 'typescript.cjs'), join(__dirname, 'cluster-node-program.ts')];
    const given = [url, JSON.stringify(settings)];
    this.child = spawn(process.execPath, [...program, ...given], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.ended = once(this.child, 'exit');
    createInterface(this.child.stdout).on('line', (line) => this.said.push(line));
  }

  static async start(url: string, settings: NodeSettings = {}): Promise<ClusterNode> {
    const node = new ClusterNode(url, settings);
    await node.says('ready');
    return node;
  }

  /** Resolves when it has said a line. */
  async says(line: string): Promise<void> {
    await until(
      () => (this.child.exitCode === null ? this.said.slice(-20) : [`it ended with ${this.child.exitCode}`]),
      () => this.said.includes(line),
      60_000, // processes that start together share two cores
    );
  }

  /** Seqs of the records that its listener was given, in this order. */
  get heard(): string[] {
    return this.said.flatMap((line) => (line.startsWith('heard ') ? [line.slice('heard '.length)] : []));
  }

  /** What its connections are called in pg_stat_activity. */
  get name(): string {
    return `node-${this.child.pid}`;
  }

  /** Its memory, as soon as that has caught up: policy type and columns of each rule, sorted. */
  async memory(): Promise<string[]> {
    this.ask('remember');
    await this.says('done remember');
    const answer = this.said.findLast((line) => line.startsWith('memory '));
    return JSON.parse(answer?.slice('memory '.length) ?? '[]') as string[];
  }

  ask(line: string): void {
    this.child.stdin.write(`${line}\n`);
  }

  /** `kill -STOP`; resolves when no thread of it runs any more. */
  async freeze(): Promise<void> {
    this.child.kill('SIGSTOP');
    const state = async (): Promise<string> =>
      (await promisify(execFile)('ps', ['-o', 'state=', '-p', String(this.child.pid)])).stdout;
    await untilSo(async () => (await state()).startsWith('T'));
  }

  thaw(): void {
    this.child.kill('SIGCONT');
  }

  /** `kill -9`; a second one does nothing. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}
