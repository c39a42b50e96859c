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

/** The capabilities that containers leave to root by default. */
const CONTAINER =
  'chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot mknod audit_write setfcap';

export function startProgram(dataDir: string, stay: 'hold' | 'pass' = 'pass', where?: 'container'): Program {
  const command = [process.execPath, join(__dirname, 'start-child.cjs'), dataDir, stay];
  if (where) command.unshift('setpriv', `--bounding-set=-all,+${CONTAINER.replaceAll(' ', ',+')}`);
  const [file = '', ...args] = command;
  const child = spawn(file, args, {
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
