import { link, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { faultCode } from './local-postgres.error';

/** The lines of `postmaster.pid` that matter here, see PostgreSQL's `src/include/utils/pidfile.h`. */
export interface PostmasterFile {
  readonly text: string;
  /** `undefined` while the file is being written, or after a power cut. */
  readonly pid: number | undefined;
  readonly port: number;
  readonly ready: boolean;
}

export async function readPostmasterFile(data: string): Promise<PostmasterFile | undefined> {
  const text = await readIfThere(pathOf(data));
  if (text === undefined) return undefined;
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Number(lines[0]);
  return {
    text,
    pid: Number.isInteger(pid) && pid > 0 ? pid : undefined,
    port: Number(lines[3]),
    ready: lines[7] === 'ready',
  };
}

/** How long ago the file was last written, in ms. */
export async function postmasterFileAge(data: string): Promise<number> {
  try {
    return Date.now() - (await stat(pathOf(data))).mtimeMs;
  } catch (fault) {
    if (faultCode(fault) === 'ENOENT') return 0;
    throw fault;
  }
}

/**
 * Removes the file if it still is the one that was read. PostgreSQL replaces most stale files itself, but not one whose
 * pid now belongs to another program of its user. Moving it away first keeps a file that a new postmaster has just written.
 */
export async function discardPostmasterFile(data: string, stale: PostmasterFile): Promise<void> {
  const aside = `${pathOf(data)}.stale-${process.pid}`;
  try {
    await rename(pathOf(data), aside);
  } catch (fault) {
    if (faultCode(fault) === 'ENOENT') return;
    throw fault;
  }
  if ((await readIfThere(aside)) !== stale.text) await link(aside, pathOf(data));
  await rm(aside, { force: true });
}

function pathOf(data: string): string {
  return join(data, 'postmaster.pid');
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (fault) {
    if (faultCode(fault) === 'ENOENT') return undefined;
    throw fault;
  }
}
