import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { findPostmaster } from '../src/postmaster';
import { shutDown } from '../src/shutdown';
import { until } from '../src/until';

const folders: string[] = [];

/** A data folder that does not exist yet, in a folder of its own that all may pass. */
export async function scratch(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'local-postgres-'));
  await chmod(parent, 0o755);
  folders.push(parent);
  return join(parent, 'pg');
}

/** Ends what still runs in the scratch folders and removes them. */
export async function clearScratch(): Promise<void> {
  for (const parent of folders.splice(0)) {
    const postmaster = await findPostmaster(join(parent, 'pg', 'cluster', 'data'));
    if (postmaster) await shutDown(postmaster);
    await rm(parent, { recursive: true, force: true });
  }
}

export async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  // Tests kill servers; the query under way rejects as well.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** The pid of a backend that computes for ever and does not look after its postmaster meanwhile. */
export async function startBusyBackend(url: string): Promise<number> {
  const client = await connect(url);
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const pid = rows[0]?.pid ?? NaN;
  client.query('DO $$ BEGIN LOOP END LOOP; END $$').catch(() => undefined);
  const active = `SELECT count(*)::int FROM pg_stat_activity WHERE pid = ${pid} AND query LIKE 'DO %'`;
  if (!(await until(async () => (await ask(url, active)) === 1, 5_000))) throw new Error('the backend is not busy');
  return pid;
}

/** The first column of the first row. */
export async function ask(url: string, sql: string): Promise<unknown> {
  const client = await connect(url);
  try {
    const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' });
    return rows[0]?.[0];
  } finally {
    await client.end();
  }
}
