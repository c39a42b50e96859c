import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Binaries } from './binaries';
import type { ClusterFolder } from './cluster-folder';
import { type Account, commandAs } from './command';
import { faultCode, LocalPostgresError } from './local-postgres.error';
import type { Postmaster } from './postmaster';

/** A postmaster we have started. `said` is what the log holds since then. */
export interface LaunchedPostmaster extends Postmaster {
  said(): Promise<string>;
}

/**
 * Starts a postmaster and does not wait until it is ready. It leads a process group of its own, so that a signal to the
 * application's group leaves it to serve the application's last queries, and it does not keep the event loop alive.
 */
export async function launchPostmaster(
  folder: ClusterFolder,
  binaries: Binaries,
  account: Account,
  settings: Readonly<Record<string, string>>,
): Promise<LaunchedPostmaster> {
  const ours = { listen_addresses: '127.0.0.1', port: String(await findFreePort()), unix_socket_directories: '' };
  const flags = Object.entries({ ...settings, ...ours }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const { file, args, options } = commandAs(account, binaries.postgres, ['-D', folder.data, ...flags]);
  const log = await open(folder.log, 'a', 0o600);
  try {
    const { size } = await log.stat();
    const child = spawn(file, args, { ...options, detached: true, stdio: ['ignore', log.fd, log.fd] });
    child.unref();
    await once(child, 'spawn');
    if (child.pid === undefined) throw new TypeError('a spawned program has a pid');
    return {
      pid: child.pid,
      ended: () => Promise.resolve(child.exitCode !== null || child.signalCode !== null),
      said: () => text(createReadStream(folder.log, { start: size })),
    };
  } catch (fault) {
    throw new LocalPostgresError(
      'START_FAILED',
      `PostgreSQL could not be run (${faultCode(fault) || String(fault)}): install the packages again, ` +
        'or set DATABASE_URL to a PostgreSQL you run.',
      { cause: fault },
    );
  } finally {
    await log.close();
  }
}

/** Free at this moment only; a postmaster that finds it taken is launched again with another. */
async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  return address.port;
}
