import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Binaries } from './binaries';
import { findClosedPath } from './closed-path';
import { type ClusterFolder, exists } from './cluster-folder';
import { type Account, commandAs } from './command';
import { LocalPostgresError } from './local-postgres.error';

const run = promisify(execFile);

/** The customary `nobody`: PostgreSQL refuses to run as root, and initdb as a user without a name. */
const NOBODY = 65534;

/** The lesser right comes first; containers often keep only the second. */
const CAPABILITIES = ['dac_read_search', 'dac_override'];

/** Root runs PostgreSQL as the cluster's owner, so that this owner can go on without root, and a new one as nobody. */
export async function chooseAccount(binaries: Binaries, folder: ClusterFolder): Promise<Account> {
  const owner = (await exists(folder.home)) ? await stat(folder.home) : undefined;
  if (process.getuid?.() !== 0) {
    if (owner) refuseForeignOwner(folder, owner.uid);
    return { prefix: [] };
  }
  const account = owner?.uid ? { uid: owner.uid, gid: owner.gid } : { uid: NOBODY, gid: NOBODY };
  const closed = (await findClosedPath(binaries.postgres, account)) ?? (await findClosedPath(folder.root, account));
  return closed === undefined ? { ...account, prefix: [] } : passClosed(closed, account, binaries, folder);
}

function refuseForeignOwner(folder: ClusterFolder, owner: number): void {
  if (owner === process.getuid?.()) return;
  throw new LocalPostgresError(
    'FOLDER',
    `The cluster in ${folder.root} belongs to user ${owner}: start as that user or as root, or choose another dataDir.`,
  );
}

/** Changing the modes of a closed folder is its owner's business, so the account gets a right to pass instead. */
async function passClosed(
  closed: string,
  account: { uid: number; gid: number },
  binaries: Binaries,
  folder: ClusterFolder,
): Promise<Account> {
  const faults: unknown[] = [];
  for (const capability of CAPABILITIES) {
    const prefix = setpriv(account, capability);
    const probe = ['-x', binaries.postgres, '-a', '-x', folder.root];
    const { file, args, options } = commandAs({ ...account, prefix }, 'test', probe);
    try {
      await run(file, args, options);
      return { ...account, prefix };
    } catch (fault) {
      faults.push(fault);
    }
  }
  throw new LocalPostgresError(
    'CLOSED_FOLDER',
    `As root, PostgreSQL runs as user ${account.uid}, which cannot pass ${closed}: start as an ordinary user, install ` +
      `setpriv (util-linux), move the folder below one open to all, or set DATABASE_URL to a PostgreSQL you run.`,
    { cause: new AggregateError(faults) },
  );
}

/**
 * PostgreSQL looks at its own files with access(2), which ignores the capabilities of an unprivileged user unless the
 * securebit no_setuid_fixup is set. With that bit the exec that follows still leaves the ambient capability alone.
 */
function setpriv({ uid, gid }: { uid: number; gid: number }, capability: string): string[] {
  return [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    '--securebits=+no_setuid_fixup',
    `--inh-caps=-all,+${capability}`,
    `--ambient-caps=-all,+${capability}`,
  ];
}
