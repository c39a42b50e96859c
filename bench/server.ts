import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalPostgres } from 'local-postgres';
import { BenchError } from './bench.error';
import { query } from './database';

/** A PostgreSQL that waits for the disk, and the databases that were made there. */
export interface BenchServer {
  /** Version, durability, and whose it is. */
  readonly description: string;
  /** @returns the address of a new, empty database */
  createDatabase(): Promise<string>;
  dropDatabase(url: string): Promise<void>;
  /** Leaves nothing behind. May be called again. */
  close(): Promise<void>;
}

/** Where databases can be made, and what is to be done when they are no longer needed. */
interface Place {
  readonly url: string;
  readonly origin: string;
  end(databases: readonly string[]): Promise<void>;
}

/**
 * The server that `databaseUrl` names, or one of our own in a temporary folder.
 * @throws BenchError if it does not wait for the disk
 */
export async function openServer(databaseUrl: string | undefined): Promise<BenchServer> {
  const place = databaseUrl ? named(databaseUrl) : await embedded();
  try {
    return serve(place, await durableDescription(place));
  } catch (error) {
    await place.end([]);
    throw error;
  }
}

function named(url: string): Place {
  return {
    url,
    origin: 'the one of DATABASE_URL',
    end: async (databases) => {
      for (const database of databases) await drop(url, database);
    },
  };
}

async function embedded(): Promise<Place> {
  const dataDir = await mkdtemp(join(tmpdir(), 'grantlog-bench-'));
  const remove = (): Promise<void> => rm(dataDir, { recursive: true, force: true });
  try {
    const postgres = await startLocalPostgres({ dataDir });
    const end = (): Promise<void> => postgres.stop().finally(remove);
    return { url: postgres.url, origin: 'embedded, with its default settings', end };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Without the disk, all sides are fast and nothing is learnt. */
async function durableDescription({ url, origin }: Place): Promise<string> {
  const settings = ['server_version', 'fsync', 'synchronous_commit'];
  const [version, fsync, synchronousCommit] = await Promise.all(
    settings.map(async (name) => (await query<{ value: string }>(url, settingOf, [name]))[0]?.value ?? 'unknown'),
  );
  if (fsync !== 'on' || synchronousCommit !== 'on') {
    throw new BenchError(
      `The server has fsync ${fsync} and synchronous_commit ${synchronousCommit}: set both to on, or nothing durable is measured.`,
    );
  }
  return `PostgreSQL ${version}, fsync on, synchronous_commit on (${origin})`;
}

const settingOf = 'SELECT current_setting($1) AS value';

function serve(place: Place, description: string): BenchServer {
  const databases = new Set<string>();
  let closing: Promise<void> | undefined;
  return {
    description,
    createDatabase: async () => {
      const name = `grantlog_bench_${randomBytes(6).toString('hex')}`;
      databases.add(name);
      await query(place.url, `CREATE DATABASE ${name}`);
      return Object.assign(new URL(place.url), { pathname: `/${name}` }).href;
    },
    dropDatabase: async (url) => {
      const name = new URL(url).pathname.slice(1);
      await drop(place.url, name);
      databases.delete(name);
    },
    close: () => (closing ??= place.end([...databases])),
  };
}

async function drop(url: string, database: string): Promise<void> {
  await query(url, `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
}
