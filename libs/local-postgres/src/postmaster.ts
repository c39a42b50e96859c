import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { faultCode } from './local-postgres.error';
import { discardPostmasterFile, postmasterFileAge, readPostmasterFile } from './postmaster-file';

const run = promisify(execFile);
const HALF_WRITTEN_MS = 5_000;

/** A postmaster whose end can be seen. */
export interface Postmaster {
  readonly pid: number;
  ended(): Promise<boolean>;
}

/** The live postmaster of the cluster. A file that only looks like one, and would stop PostgreSQL, is removed. */
export async function findPostmaster(data: string): Promise<Postmaster | undefined> {
  const file = await readPostmasterFile(data);
  if (!file) return undefined;
  const { pid } = file;
  if (pid === undefined) {
    if ((await postmasterFileAge(data)) > HALF_WRITTEN_MS) await discardPostmasterFile(data, file);
    return undefined;
  }
  if (await worksIn(pid, data)) return { pid, ended: async () => !(await worksIn(pid, data)) };
  if (isTaken(pid)) await discardPostmasterFile(data, file);
  return undefined;
}

/**
 * Whether the pid is a PostgreSQL of this cluster. A bare pid proves nothing: it may have been given to another program,
 * the file may have been copied along with its folder, and a zombie still answers to signal 0. On Linux the current folder
 * decides, because it is right in all these cases; elsewhere the command line does.
 */
export async function worksIn(pid: number, data: string): Promise<boolean> {
  if (process.platform !== 'linux') return isTaken(pid) && (await commandLine(pid)).includes(`-D ${data} `);
  try {
    const [its, ours] = await Promise.all([stat(`/proc/${pid}/cwd`), stat(data)]);
    return its.ino === ours.ino && its.dev === ours.dev;
  } catch (fault) {
    // Gone in between, a zombie, or a program of a user whose programs we may not see.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(faultCode(fault))) return false;
    throw fault;
  }
}

function isTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (fault) {
    if (faultCode(fault) === 'ESRCH') return false;
    if (faultCode(fault) === 'EPERM') return true;
    throw fault;
  }
}

async function commandLine(pid: number): Promise<string> {
  try {
    return (await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)])).stdout;
  } catch (fault) {
    // ps ends with 1 when the pid is gone.
    if (faultCode(fault) === '1') return '';
    throw fault;
  }
}
