import { chmod, mkdir, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { faultCode, LocalPostgresError } from './local-postgres.error';

/** What `dataDir` holds. `home` appears in one rename, complete, so its existence means the cluster is usable. */
export interface ClusterFolder {
  readonly root: string;
  readonly home: string;
  readonly data: string;
  readonly password: string;
  readonly log: string;
}

/** Paths are real paths: PostgreSQL's own records of them are compared with ours. */
export async function openClusterFolder(dataDir: string): Promise<ClusterFolder> {
  const made = await mkdir(resolve(dataDir), { recursive: true });
  const root = await realpath(dataDir);
  // Ours, so it may be opened to the user that root runs PostgreSQL as; what is private lies in closed folders below.
  if (made !== undefined) await chmod(root, 0o755);
  const home = join(root, 'cluster');
  return {
    root,
    home,
    data: join(home, 'data'),
    password: join(home, 'password'),
    log: join(root, 'postgres.log'),
  };
}

export function folderError(path: string, fault: unknown): LocalPostgresError {
  if (fault instanceof LocalPostgresError) return fault;
  const reason = faultCode(fault) || String(fault);
  return new LocalPostgresError(
    'FOLDER',
    `Cannot use the data folder ${path} (${reason}): choose another dataDir, free some disk space, ` +
      'or give this user the right to write there.',
    { cause: fault },
  );
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (fault) {
    if (faultCode(fault) === 'ENOENT') return false;
    throw fault;
  }
}
