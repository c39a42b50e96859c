import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
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
 * Whether the pid is the postmaster of this cluster. A bare pid proves nothing: it may have been given to another program,
 * the file may have been copied along with its folder, and a zombie still answers to signal 0. On Linux the current folder
 * decides; where that is not shown, as to root in a container without CAP_SYS_PTRACE, the command line does.
 */
export async function worksIn(pid: number, data: string): Promise<boolean> {
  const named = async () => isTaken(pid) && (await commandLine(pid)).includes(`-D ${data} `);
  if (process.platform !== 'linux') return named();
  try {
    const [its, ours] = await Promise.all([stat(`/proc/${pid}/cwd`), stat(data)]);
    return its.ino === ours.ino && its.dev === ours.dev;
  } catch (fault) {
    if (['EACCES', 'EPERM'].includes(faultCode(fault))) return named();
    // A zombie, or gone.
    if (['ENOENT', 'ESRCH'].includes(faultCode(fault))) return false;
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

/** Words separated by blanks, or nothing for a program that is gone. */
export async function commandLine(pid: number): Promise<string> {
  try {
    if (process.platform === 'linux') return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
    return (await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)])).stdout;
  } catch (fault) {
    // ps ends with 1 when the pid is gone.
    if (['ENOENT', 'ESRCH', '1'].includes(faultCode(fault))) return '';
    throw fault;
  }
}
