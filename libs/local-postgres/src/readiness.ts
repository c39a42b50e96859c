import { answers } from './connection';
import { LocalPostgresError } from './local-postgres.error';
import type { Place } from './place';
import type { Postmaster } from './postmaster';
import { readPostmasterFile } from './postmaster-file';
import { until } from './until';

/** Crash recovery replays at most `max_wal_size` (1 GB) or so. */
const READY_MS = 120_000;

/** The port once a query succeeds there, or `undefined` when the postmaster has ended instead. */
export async function whenReady(place: Place, postmaster: Postmaster): Promise<number | undefined> {
  let port: number | undefined;
  const settled = await until(async () => {
    if (await postmaster.ended()) return true;
    const file = await readPostmasterFile(place.folder.data);
    if (file?.pid !== postmaster.pid || !file.ready) return false;
    if (!(await answers(place.folder, file.port, place.password))) return false;
    port = file.port;
    return true;
  }, READY_MS);
  if (settled) return port;
  throw new LocalPostgresError(
    'NOT_READY',
    `PostgreSQL (pid ${postmaster.pid}) is not ready after ${READY_MS / 1000} s: look into ${place.folder.log}; ` +
      'if it is recovering, start again to go on waiting, otherwise end that program first.',
  );
}

/** Whether the cluster's postmaster is alive and not ready: starting, recovering or shutting down. */
export async function isStarting({ folder }: Place): Promise<boolean> {
  return (await readPostmasterFile(folder.data))?.ready === false;
}
