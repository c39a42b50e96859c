import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Client } from 'pg';
import type { Fault } from '../cells';

/** What a fault can hit. */
export interface Target {
  readonly postmaster: number;
  /** The connections on which the step happens; where it holds none, all of the app's. */
  readonly clients: readonly Client[];
}

/** Each fault happens before its function returns: the event loop, and the library with it, gets no turn in between. */
export const strike: Readonly<Record<Fault, (target: Target) => void>> = {
  app: () => process.kill(process.pid, 'SIGKILL'),
  postgres: killPostgres,
  connection: ({ clients }) => clients.forEach(cut),
};

/** The pid of the PostgreSQL process at the other end. */
export function backendOf(client: Client): number {
  return (client as Client & { processID: number }).processID;
}

/**
 * The connection's own backend goes first, because a statement may be under way there. The postmaster is stopped before the rest
 * of its processes are found, so that it neither starts another one nor notices that one has died.
 */
function killPostgres({ postmaster, clients }: Target): void {
  const backends = new Set(clients.map(backendOf));
  const first = childrenOf(postmaster).filter((child) => backends.has(child)); // never a pid that is somebody else's by now
  for (const child of first) end(child, 'SIGKILL');
  end(postmaster, 'SIGSTOP');
  for (const child of childrenOf(postmaster)) end(child, 'SIGKILL');
  end(postmaster, 'SIGKILL');
}

/**
 * What the app sees when the network resets a connection. The server reads what was sent before, and finds nobody to answer:
 * unlike a backend that is told to end, it may commit what was sent, and the app never learns of it.
 */
function cut({ connection: { stream } }: Client): void {
  stream.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' }));
}

function childrenOf(pid: number): number[] {
  try {
    return numbers(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'));
  } catch {
    return processTable().flatMap(([child, parent]) => (parent === pid && child !== undefined ? [child] : []));
  }
}

/** Pid and parent's pid of every process, where /proc does not tell. */
function processTable(): number[][] {
  return execFileSync('ps', ['-axo', 'pid=,ppid='], { encoding: 'utf8' }).split('\n').map(numbers);
}

function numbers(text: string): number[] {
  return text.split(/\s+/).filter(Boolean).map(Number);
}

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
