import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, lchown, mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Binaries } from './binaries';
import { type ClusterFolder, exists } from './cluster-folder';
import { type Account, commandAs } from './command';
import { faultCode, LocalPostgresError } from './local-postgres.error';

const run = promisify(execFile);
const UNFINISHED = 'initdb-';

/**
 * After this the cluster exists and belongs to the account. It is built in a folder of its own and renamed when
 * complete: of several at the same moment one rename wins, and an interrupted one leaves no half cluster.
 */
export async function ensureCluster(folder: ClusterFolder, binaries: Binaries, account: Account): Promise<void> {
  if (!(await exists(folder.home))) await createCluster(folder, binaries, account);
  await giveTo(folder, account);
  await removeUnfinished(folder);
}

async function createCluster(folder: ClusterFolder, binaries: Binaries, account: Account): Promise<void> {
  const unfinished = await mkdtemp(join(folder.root, UNFINISHED));
  try {
    const password = join(unfinished, 'password');
    await writeDurably(password, randomBytes(24).toString('base64url'));
    if (account.uid !== undefined) {
      for (const path of [password, unfinished]) await chown(path, account.uid, account.gid ?? account.uid);
    }
    await initdb(binaries, account, join(unfinished, 'data'), password);
    await rename(unfinished, folder.home);
    await syncFolder(folder.root);
  } catch (fault) {
    // Another start was faster, and has perhaps swept away our unfinished folder: its cluster is as good as ours.
    if (await exists(folder.home)) return;
    await rm(unfinished, { recursive: true, force: true });
    throw fault;
  }
}

async function initdb(binaries: Binaries, account: Account, data: string, password: string): Promise<void> {
  const { file, args, options } = commandAs(account, binaries.initdb, [
    `--pgdata=${data}`,
    '--username=postgres',
    `--pwfile=${password}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ]);
  try {
    await run(file, args, options);
  } catch (fault) {
    const said = typeof fault === 'object' && fault !== null && 'stderr' in fault ? String(fault.stderr).trim() : '';
    throw new LocalPostgresError('INIT_FAILED', initdbMessage(said, fault), { cause: fault });
  }
}

function initdbMessage(said: string, fault: unknown): string {
  const reason = said.split('\n').slice(-5).join('\n') || faultCode(fault) || String(fault);
  const remedy = /shared librar|Library not loaded/.test(said)
    ? 'run npm rebuild, because the install script that links its libraries did not run'
    : 'mend that';
  return `PostgreSQL could not make its cluster: ${reason}. To go on, ${remedy}, or set DATABASE_URL to a PostgreSQL you run.`;
}

/** A cluster copied by root belongs to root, but PostgreSQL wants to own its files. */
async function giveTo(folder: ClusterFolder, account: Account): Promise<void> {
  if (account.uid === undefined || (await stat(folder.home)).uid === account.uid) return;
  const inside = await readdir(folder.home, { recursive: true });
  // The home folder comes last, so that an interrupted change is taken up again.
  for (const path of [...inside.map((name) => join(folder.home, name)), folder.home]) {
    await lchown(path, account.uid, account.gid ?? account.uid);
  }
}

/** Once the cluster exists, unfinished folders are of no use, not even to a start that is still filling one. */
async function removeUnfinished(folder: ClusterFolder): Promise<void> {
  for (const name of await readdir(folder.root)) {
    if (!name.startsWith(UNFINISHED)) continue;
    await rm(join(folder.root, name), { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
