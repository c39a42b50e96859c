import { readdir, readFile } from 'node:fs/promises';
import { faultCode, LocalPostgresError } from './local-postgres.error';
import { worksIn } from './postmaster';
import { until } from './until';

/** PostgreSQL's own patience between SIGQUIT and SIGKILL for its backends. */
const KILL_AFTER_MS = 5_000;

/**
 * Ends the backends of a postmaster that was killed: they keep its shared memory block, without which no new postmaster
 * starts, until their query is over. Where there is no /proc, the caller can only wait for them.
 */
export async function endLeftovers(data: string, limitMs: number): Promise<void> {
  if (process.platform !== 'linux') return;
  const gone = async () => (await findLeftovers(data)).length === 0;
  for (const pid of await findLeftovers(data)) signal(pid, 'SIGQUIT');
  if (await until(gone, Math.min(KILL_AFTER_MS, limitMs))) return;
  for (const pid of await findLeftovers(data)) signal(pid, 'SIGKILL');
  if (await until(gone, Math.max(KILL_AFTER_MS, limitMs - KILL_AFTER_MS))) return;
  const pids = (await findLeftovers(data)).join(', ');
  throw new LocalPostgresError(
    'LEFTOVERS',
    `Programs of an earlier PostgreSQL (pid ${pids}) still hold ${data}: end them with kill -9, then start again.`,
  );
}

async function findLeftovers(data: string): Promise<number[]> {
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger);
  const found = await Promise.all(pids.map(async (pid) => ((await isLeftover(pid, data)) ? [pid] : [])));
  return found.flat();
}

/**
 * Works in the cluster, has a backend's title, and its parent does not work there: the last two tell it from a
 * postmaster that another start has just launched, and from that one's backends.
 */
async function isLeftover(pid: number, data: string): Promise<boolean> {
  if (!(await worksIn(pid, data))) return false;
  try {
    if (!(await readFile(`/proc/${pid}/cmdline`, 'utf8')).startsWith('postgres: ')) return false;
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const parent = Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]);
    return !(await worksIn(parent, data));
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
