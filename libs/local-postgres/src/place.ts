import { chooseAccount } from './account';
import { type Binaries, findBinaries } from './binaries';
import { ensureCluster } from './cluster';
import { type ClusterFolder, folderError, openClusterFolder } from './cluster-folder';
import type { Account } from './command';
import { readPassword } from './connection';

/** All that launching PostgreSQL on a complete cluster takes. */
export interface Place {
  readonly folder: ClusterFolder;
  readonly binaries: Binaries;
  readonly account: Account;
  readonly password: string;
}

export async function prepare(dataDir: string): Promise<Place> {
  const binaries = findBinaries();
  try {
    const folder = await openClusterFolder(dataDir);
    const account = await chooseAccount(binaries, folder);
    await ensureCluster(folder, binaries, account);
    return { folder, binaries, account, password: await readPassword(folder) };
  } catch (fault) {
    throw folderError(dataDir, fault);
  }
}
