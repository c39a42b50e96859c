import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalPostgres } from '../../libs/local-postgres/src'; // jest maps no names for its set-up
import { testServer } from './test-server';

/** One PostgreSQL for the whole run: the one that DATABASE_URL names, or one of our own in a temporary folder. */
export default async function startPostgres(): Promise<void> {
  if (process.env.DATABASE_URL) {
    testServer.url = process.env.DATABASE_URL;
    return;
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'grantlog-test-'));
  const server = await startLocalPostgres({ dataDir, settings: { max_connections: '300' } });
  testServer.url = server.url;
  testServer.own = { dataDir, stop: () => server.stop() };
}
