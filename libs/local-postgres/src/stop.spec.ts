import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startProgram } from '../test/program';
import { ask, clearScratch, connect, scratch } from '../test/scratch';
import { startLocalPostgres } from './index';
import { findPostmaster, worksIn } from './postmaster';
import { shutDown } from './shutdown';

let dataDir: string;
let data: string;

beforeAll(async () => {
  dataDir = await scratch();
  data = join(dataDir, 'cluster', 'data');
});

afterAll(clearScratch);

const log = () => readFile(join(dataDir, 'postgres.log'), 'utf8');

it('stop ends sessions, returns when PostgreSQL is gone, and may be called again', async () => {
  const postgres = await startLocalPostgres({ dataDir });
  await connect(postgres.url);
  await Promise.all([postgres.stop(), postgres.stop()]);
  expect(await worksIn(postgres.pid, data)).toBe(false);
  expect(() => process.kill(postgres.pid, 0)).toThrow('ESRCH');
  await postgres.stop();
  expect(await log()).toContain('received fast shutdown request');
  expect(await log()).not.toContain('received immediate shutdown request');
});

it('stop resolves when PostgreSQL has already ended by itself', async () => {
  const postgres = await startLocalPostgres({ dataDir });
  process.kill(postgres.pid, 'SIGKILL');
  await postgres.stop();
  expect(await worksIn(postgres.pid, data)).toBe(false);
});

it('a fast shutdown that takes too long becomes an immediate one', async () => {
  const postgres = await startLocalPostgres({ dataDir });
  const checkpointer = await ask(postgres.url, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'");
  process.kill(Number(checkpointer), 'SIGSTOP');
  const postmaster = await findPostmaster(data);
  if (!postmaster) throw new Error('it is running');
  await shutDown(postmaster, 200);
  expect(await worksIn(postgres.pid, data)).toBe(false);
  expect(await log()).toContain('received immediate shutdown request');
});

it('a signal to the group of the program that started it does not reach PostgreSQL', async () => {
  const program = startProgram(dataDir, 'hold');
  const { pid } = await program.started;
  process.kill(-program.pid, 'SIGINT');
  await program.ended;
  expect(await startLocalPostgres({ dataDir })).toMatchObject({ pid, adopted: true });
});

it('a running PostgreSQL does not keep its program from ending', async () => {
  await (await startLocalPostgres({ dataDir })).stop();
  const program = startProgram(dataDir, 'pass');
  const { pid, adopted } = await program.started;
  expect(adopted).toBe(false);
  expect(await program.ended).toBe(0);
  expect(await worksIn(pid, data)).toBe(true);
});
