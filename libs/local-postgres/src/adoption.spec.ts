import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startProgram } from '../test/program';
import { ask, clearScratch, scratch } from '../test/scratch';
import { startLocalPostgres } from './index';
import { readPostmasterFile } from './postmaster-file';
import { worksIn } from './postmaster';
import { until } from './until';

let dataDir: string;
let data: string;

beforeAll(async () => {
  dataDir = await scratch();
  data = join(dataDir, 'cluster', 'data');
});

afterAll(clearScratch);

it('a PostgreSQL that outlived its killed program is adopted, and stopped by its adopter', async () => {
  const program = startProgram(dataDir, 'hold');
  const { pid, url } = await program.started;
  process.kill(program.pid, 'SIGKILL');
  await program.ended;

  const postgres = await startLocalPostgres({ dataDir });

  expect(postgres).toMatchObject({ pid, url, adopted: true });
  expect(await ask(postgres.url, 'SELECT 1')).toBe(1);
  await postgres.stop();
  expect(await worksIn(pid, data)).toBe(false);
});

it('one that is still starting is waited for', async () => {
  const program = startProgram(dataDir, 'hold');
  expect(await until(async () => (await readPostmasterFile(data)) !== undefined, 10_000)).toBe(true);
  process.kill(program.pid, 'SIGKILL');
  await program.ended;

  const postgres = await startLocalPostgres({ dataDir });

  expect(postgres.adopted).toBe(true);
  expect(await ask(postgres.url, 'SELECT 1')).toBe(1);
  await postgres.stop();
});

it('one that is shutting down is waited for, then PostgreSQL is launched anew', async () => {
  const old = await startLocalPostgres({ dataDir });
  const checkpointer = await ask(old.url, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'");
  process.kill(Number(checkpointer), 'SIGSTOP');
  process.kill(old.pid, 'SIGINT');
  expect(await until(async () => !(await readPostmasterFile(data))?.ready, 5_000)).toBe(true);

  const next = startLocalPostgres({ dataDir });
  expect(await worksIn(old.pid, data)).toBe(true);
  process.kill(Number(checkpointer), 'SIGCONT');

  const postgres = await next;
  expect(postgres.adopted).toBe(false);
  expect(await ask(postgres.url, 'SELECT 1')).toBe(1);
  await postgres.stop();
});

describe('a stale postmaster.pid does not deceive', () => {
  const stale = (pid: number) => `${pid}\n${data}\n1\n5432\n\n127.0.0.1\n\nready\n`;

  async function startsAnew(): Promise<void> {
    const postgres = await startLocalPostgres({ dataDir });
    expect(postgres.adopted).toBe(false);
    expect(await ask(postgres.url, 'SELECT 1')).toBe(1);
    await postgres.stop();
  }

  it('when its program is gone', async () => {
    const gone = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
    await once(gone, 'exit');
    await writeFile(join(data, 'postmaster.pid'), stale(gone.pid ?? NaN));
    await startsAnew();
  });

  it('when its pid now belongs to another program of the same user', async () => {
    const { uid, gid } = await stat(data);
    const other = spawn('sleep', ['60'], { stdio: 'ignore', ...(process.getuid?.() === 0 && { uid, gid }) });
    await once(other, 'spawn');
    await writeFile(join(data, 'postmaster.pid'), stale(other.pid ?? NaN));
    await startsAnew();
    other.kill();
  });

  it('when it was copied along with the folder of a running cluster', async () => {
    const original = await startLocalPostgres({ dataDir });
    const copy = await scratch();
    // Only adoption is tried: a copy made while PostgreSQL writes need not be a good one.
    await ask(original.url, 'CHECKPOINT');
    await cp(dataDir, copy, { recursive: true, preserveTimestamps: true });
    expect(await readFile(join(copy, 'cluster', 'data', 'postmaster.pid'), 'utf8')).toContain(String(original.pid));

    const postgres = await startLocalPostgres({ dataDir: copy });

    expect(postgres.adopted).toBe(false);
    expect(postgres.pid).not.toBe(original.pid);
    expect(await ask(postgres.url, 'SHOW data_directory')).toBe(join(copy, 'cluster', 'data'));
    await postgres.stop();
    await original.stop();
  });
});
