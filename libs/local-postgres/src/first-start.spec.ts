import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { startProgram } from '../test/program';
import { ask, clearScratch, connect, scratch } from '../test/scratch';
import { exists } from './cluster-folder';
import { type LocalPostgres, startLocalPostgres } from './index';
import { until } from './until';

afterAll(clearScratch);

describe('the first start', () => {
  let dataDir: string;
  let postgres: LocalPostgres;

  beforeAll(async () => {
    dataDir = await scratch();
    postgres = await startLocalPostgres({ dataDir, settings: { max_connections: '17', port: '1' } });
  });

  it('makes a durable UTF8 cluster that listens on 127.0.0.1 only', async () => {
    expect(postgres.adopted).toBe(false);
    expect(await ask(postgres.url, 'SHOW server_encoding')).toBe('UTF8');
    expect(await ask(postgres.url, 'SHOW fsync')).toBe('on');
    expect(await ask(postgres.url, 'SHOW listen_addresses')).toBe('127.0.0.1');
    expect(await ask(postgres.url, 'SHOW unix_socket_directories')).toBe('');
    expect(await ask(postgres.url, "SELECT lower('ÄÖ') || ('Z' < 'a')")).toBe('äötrue');
  });

  it('passes settings on, except the address', async () => {
    expect(await ask(postgres.url, 'SHOW max_connections')).toBe('17');
    expect(await ask(postgres.url, 'SHOW port')).toBe(String(postgres.port));
  });

  it('asks for the password, which only its user can read', async () => {
    const file = join(dataDir, 'cluster', 'password');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(new URL(postgres.url).password).toBe(await readFile(file, 'utf8'));
    const wrong = postgres.url.replace(/:[^:]*@/, ':wrong@');
    await expect(connect(wrong)).rejects.toMatchObject({ code: '28P01' });
  });
});

it('a kill in the middle of initdb leaves nothing half, and its remains go with the next start', async () => {
  const dataDir = await scratch();
  const program = startProgram(dataDir);
  expect(await until(() => initdbIsUnderWay(dataDir), 10_000)).toBe(true);
  process.kill(program.pid, 'SIGKILL');
  await program.ended;
  expect(await exists(join(dataDir, 'cluster'))).toBe(false);

  const postgres = await startLocalPostgres({ dataDir });

  expect(await ask(postgres.url, 'SELECT 1')).toBe(1);
  expect((await readdir(dataDir)).sort()).toEqual(['cluster', 'postgres.log']);
});

async function initdbIsUnderWay(dataDir: string): Promise<boolean> {
  if (!(await exists(dataDir))) return false;
  const folders = (await readdir(dataDir)).filter((name) => name.startsWith('initdb-'));
  const made = await Promise.all(folders.map((name) => exists(join(dataDir, name, 'data', 'PG_VERSION'))));
  return made.includes(true);
}
