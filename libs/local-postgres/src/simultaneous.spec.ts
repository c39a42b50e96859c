import { readdir } from 'node:fs/promises';
import { startProgram } from '../test/program';
import { ask, clearScratch, scratch } from '../test/scratch';
import { startLocalPostgres } from './index';

afterAll(clearScratch);

it('programs that start at the same moment share one cluster and one PostgreSQL', async () => {
  const dataDir = await scratch();
  const programs = [startProgram(dataDir), startProgram(dataDir), startProgram(dataDir)];
  const started = await Promise.all(programs.map((program) => program.started));
  await Promise.all(programs.map((program) => program.ended));

  expect(new Set(started.map(({ url, pid }) => `${pid} ${url}`)).size).toBe(1);
  expect(started.filter(({ adopted }) => !adopted)).toHaveLength(1);
  expect((await readdir(dataDir)).sort()).toEqual(['cluster', 'postgres.log']);
  await (await startLocalPostgres({ dataDir })).stop();
});

it('so do calls in one program on an existing cluster', async () => {
  const dataDir = await scratch();
  await (await startLocalPostgres({ dataDir })).stop();
  const started = await Promise.all([1, 2, 3].map(() => startLocalPostgres({ dataDir })));
  expect(new Set(started.map(({ pid }) => pid)).size).toBe(1);
  expect(await ask(started[0]?.url ?? '', 'SELECT 1')).toBe(1);
});
