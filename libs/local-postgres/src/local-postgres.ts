import { setTimeout as pause } from 'node:timers/promises';
import { urlOf } from './connection';
import { explainEnd } from './early-end';
import { launchPostmaster } from './launch';
import { endLeftovers } from './leftover';
import { type Place, prepare } from './place';
import { findPostmaster, type Postmaster } from './postmaster';
import { isStarting, whenReady } from './readiness';
import { shutDown } from './shutdown';

export interface LocalPostgresOptions {
  /**
   * Folder that holds the cluster, its password and PostgreSQL's log; made when missing. Nothing else may be kept in it.
   * It MUST be on a local disk and used from one machine (and one container) at a time.
   */
  dataDir: string;
  /**
   * Server settings, passed as `-c name=value`. They take effect when this call launches PostgreSQL, and not when it
   * adopts a running one. Address, port and socket folder cannot be set. Default: none
   */
  settings?: Record<string, string>;
}

/** A PostgreSQL that accepts connections on 127.0.0.1. It outlives this program unless `stop` is called. */
export interface LocalPostgres {
  /** `postgres://postgres:<password>@127.0.0.1:<port>/postgres` */
  readonly url: string;
  readonly port: number;
  /** The postmaster's. */
  readonly pid: number;
  /** Whether it was already running, left by an earlier program or launched by another one at the same moment. */
  readonly adopted: boolean;
  /** Shuts PostgreSQL down for all who use it and resolves when it is gone. May be called again. */
  stop(): Promise<void>;
}

/** How long a launch is repeated: other starts, taken ports and the remains of a killed PostgreSQL pass in this time. */
const LAUNCH_MS = 30_000;
const RETRY_MS = 100;

/**
 * Brings up the cluster in `dataDir`: makes it the first time, adopts its PostgreSQL when one is alive, launches one
 * otherwise. PostgreSQL's own locks keep it to one per cluster, so any number of programs may call this at once.
 * Rejects with `LocalPostgresError`.
 */
export async function startLocalPostgres(options: LocalPostgresOptions): Promise<LocalPostgres> {
  const place = await prepare(options.dataDir);
  const end = Date.now() + LAUNCH_MS;
  for (;;) {
    const running = (await adopt(place)) ?? (await launch(place, options.settings ?? {}, end));
    if (running) return running;
    await pause(RETRY_MS);
  }
}

async function adopt(place: Place): Promise<LocalPostgres | undefined> {
  const postmaster = await findPostmaster(place.folder.data);
  if (!postmaster) return undefined;
  const port = await whenReady(place, postmaster);
  return port === undefined ? undefined : running(place, postmaster, port, true);
}

/** `undefined` when it failed for a passing reason and there is time to try again. */
async function launch(place: Place, settings: Record<string, string>, end: number): Promise<LocalPostgres | undefined> {
  await endLeftovers(place, Math.max(0, end - Date.now()));
  const postmaster = await launchPostmaster(place.folder, place.binaries, place.account, settings);
  const port = await whenReady(place, postmaster).catch(async (fault: unknown) => {
    // One that is still recovering is left to it, or the next start would have to begin again.
    if (!(await isStarting(place))) await shutDown(postmaster);
    throw fault;
  });
  if (port !== undefined) return running(place, postmaster, port, false);
  const fault = await explainEnd(place, postmaster);
  if (fault.passing && Date.now() < end) return undefined;
  throw fault.error;
}

function running({ password }: Place, postmaster: Postmaster, port: number, adopted: boolean): LocalPostgres {
  let stopping: Promise<void> | undefined;
  return {
    url: urlOf(port, password),
    port,
    pid: postmaster.pid,
    adopted,
    stop: () =>
      (stopping ??= shutDown(postmaster).catch((fault: unknown) => {
        stopping = undefined;
        throw fault;
      })),
  };
}
