import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { grantlogMigrations } from 'grantlog';
import { type LocalPostgres, startLocalPostgres } from 'local-postgres';
import { DataSource } from 'typeorm';
import type { Settings } from '../settings';
import { StartError } from '../start-error';
import { asAppRole } from './app-role';
import { DataDirLock } from './data-dir-lock';
import { DemoTables1764000000001 } from './demo-tables.migration';

const database = 'grantlog';
const connectionTimeout = 5_000;
const patience = 30_000;

/** A database with the tables in it, ready for the app. */
export interface DemoDatabase {
  /** With what the app connects. */
  readonly url: string;
  /** For people: where the data is. */
  readonly description: string;
  /** Process id of the embedded server. */
  readonly pid?: number;
  stop(): Promise<void>;
}

/** The server that DATABASE_URL names, or an embedded one. @throws StartError */
export function openDatabase(settings: Settings): Promise<DemoDatabase> {
  return settings.databaseUrl ? useServer(settings.databaseUrl) : embedServer(settings.dataDir);
}

async function useServer(url: string): Promise<DemoDatabase> {
  const { host, pathname } = new URL(url);
  const owner = await connect(url, `DATABASE_URL: ${host}${pathname}`);
  await owner.destroy();
  return { url, description: `${host}${pathname} (DATABASE_URL)`, stop: () => Promise.resolve() };
}

async function embedServer(dataDir: string): Promise<DemoDatabase> {
  makeFolder(dataDir);
  const { server, lock } = await startServer(dataDir);
  const stop = async (): Promise<void> => {
    await server.stop(); // and not before that the lock: whoever waits for it would get a server that is about to end
    await lock.release();
  };
  try {
    await createDatabase(server.url);
    const ownerUrl = Object.assign(new URL(server.url), { pathname: `/${database}` }).href;
    const owner = await connect(ownerUrl, 'The embedded database');
    const url = await asAppRole(owner, ownerUrl);
    await owner.destroy();
    return { url, description: `${dataDir} (embedded PostgreSQL)`, pid: server.pid, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Starts the server and takes the folder for this process. One that ends meanwhile, with the demo before, is started again. */
async function startServer(dataDir: string): Promise<{ server: LocalPostgres; lock: DataDirLock }> {
  const end = Date.now() + patience;
  for (;;) {
    const server = await startLocalPostgres({ dataDir: join(dataDir, 'postgres') });
    try {
      return { server, lock: await DataDirLock.take(server.url, dataDir) };
    } catch (error) {
      if (error instanceof StartError || Date.now() > end) throw error;
    }
  }
}

function makeFolder(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true });
  } catch (error) {
    throw new StartError(`DATA_DIR ${dataDir} cannot be used as a folder: ${(error as Error).message}.`);
  }
}

async function createDatabase(serverUrl: string): Promise<void> {
  const server = await new DataSource({ type: 'postgres', url: serverUrl }).initialize();
  try {
    const there = await server.query<unknown[]>('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (there.length === 0) await server.query(`CREATE DATABASE ${database}`);
  } finally {
    await server.destroy();
  }
}

/** Connects and migrates. Two apps that start at once would both migrate: the second waits, then finds it done. */
async function connect(url: string, name: string): Promise<DataSource> {
  const migrations = [...grantlogMigrations, DemoTables1764000000001];
  const owner = new DataSource({ type: 'postgres', url, migrations, connectTimeoutMS: connectionTimeout, poolSize: 2 });
  try {
    await owner.initialize();
  } catch (error) {
    throw new StartError(
      `${name} does not answer: ${reasonOf(error)}. Start the server there, or unset DATABASE_URL to use an embedded one.`,
    );
  }
  const runner = owner.createQueryRunner();
  try {
    await runner.query(`SELECT pg_advisory_lock(hashtext('grantlog demo migrations'))`);
    await owner.runMigrations();
    return owner;
  } catch (error) {
    await owner.destroy();
    throw new StartError(`${name} cannot be migrated: ${reasonOf(error)}`);
  } finally {
    if (!runner.isReleased) await runner.query(`SELECT pg_advisory_unlock_all()`).finally(() => runner.release());
  }
}

/** Node collects the failures of a name with several addresses and leaves the message empty. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}
