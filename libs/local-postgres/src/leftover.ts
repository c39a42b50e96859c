import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { commandAs } from './command';
import { faultCode, LocalPostgresError } from './local-postgres.error';
import type { Place } from './place';
import { commandLine, worksIn } from './postmaster';
import { until } from './until';

const run = promisify(execFile);

/** PostgreSQL's own patience between SIGQUIT and SIGKILL for its backends. */
const KILL_AFTER_MS = 5_000;

/** Prints the pids whose current folder is the first argument. A pid that ends meanwhile is none. */
const LIST = 'for p in /proc/[0-9]*; do [ "$p/cwd" -ef "$0" ] && echo "${p#/proc/}"; done; true';

/**
 * Ends the backends of a postmaster that was killed: they keep its shared memory block, without which no new postmaster
 * starts, until their query is over. Where there is no /proc, the caller can only wait for them.
 */
export async function endLeftovers(place: Place, limitMs: number): Promise<void> {
  if (process.platform !== 'linux') return;
  const gone = async () => (await findLeftovers(place)).length === 0;
  for (const pid of await findLeftovers(place)) signal(pid, 'SIGQUIT');
  if (await until(gone, Math.min(KILL_AFTER_MS, limitMs))) return;
  for (const pid of await findLeftovers(place)) signal(pid, 'SIGKILL');
  if (await until(gone, Math.max(KILL_AFTER_MS, limitMs - KILL_AFTER_MS))) return;
  const pids = (await findLeftovers(place)).join(' ');
  throw new LocalPostgresError(
    'LEFTOVERS',
    `Programs of an earlier PostgreSQL still hold ${place.folder.data}: end them with kill -9 ${pids}, then start again.`,
  );
}

/** Asks as PostgreSQL's own user, because root in a container is often not shown the current folder of others. */
async function findLeftovers({ account, folder: { data } }: Place): Promise<number[]> {
  const { file, args, options } = commandAs(account, '/bin/sh', ['-c', LIST, data]);
  const { stdout } = await run(file, args, options);
  const pids = stdout.split('\n').filter(Boolean).map(Number);
  const found = await Promise.all(pids.map(async (pid) => ((await isLeftover(pid, data)) ? [pid] : [])));
  return found.flat();
}

/**
 * Has a backend's title, and its parent does not work in the cluster: that tells it from a postmaster that another start
 * has just launched, and from that one's backends.
 */
async function isLeftover(pid: number, data: string): Promise<boolean> {
  if (!(await commandLine(pid)).startsWith('postgres: ')) return false;
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return !(await worksIn(Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]), data));
  } catch (fault) {
    if (['ENOENT', 'ESRCH'].includes(faultCode(fault))) return false;
    throw fault;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (fault) {
    if (faultCode(fault) !== 'ESRCH') throw fault;
  }
}
