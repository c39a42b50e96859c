import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Started {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly adopted: boolean;
}

/** Another program that starts PostgreSQL in the same data folder. It leads a process group of its own. */
export interface Program {
  readonly pid: number;
  /** What it got from `startLocalPostgres`. */
  readonly started: Promise<Started>;
  /** Its exit code, `null` after a signal. */
  readonly ended: Promise<number | null>;
}

export function startProgram(dataDir: string, stay: 'hold' | 'pass' = 'pass'): Program {
  const child = spawn(process.execPath, [join(__dirname, 'start-child.cjs'), dataDir, stay], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const started = firstLine(child);
  // Tests that kill the program first do not ask for this.
  started.catch(() => undefined);
  return { pid: child.pid ?? NaN, started, ended };
}

async function firstLine({ stdout }: ChildProcess): Promise<Started> {
  if (!stdout) throw new TypeError('stdout is a pipe');
  for await (const line of createInterface(stdout)) {
    const said = JSON.parse(line) as Started & { error?: string };
    if (said.error !== undefined) throw new Error(said.error);
    return said;
  }
  throw new Error('the program ended before it said anything');
}
