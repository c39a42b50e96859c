import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { clearScratch, scratch } from '../test/scratch';
import * as binaries from './binaries';
import { LocalPostgresError, startLocalPostgres } from './index';

let dataDir: string;

beforeAll(async () => {
  dataDir = await scratch();
  await (await startLocalPostgres({ dataDir })).stop();
});

afterEach(() => jest.restoreAllMocks());
afterAll(clearScratch);

async function faultOf(options: { dataDir: string; settings?: Record<string, string> }): Promise<LocalPostgresError> {
  const fault: unknown = await startLocalPostgres(options).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(fault instanceof LocalPostgresError)) throw new Error(`not a LocalPostgresError: ${String(fault)}`);
  expect(fault.message).not.toContain('\n');
  return fault;
}

it('a platform without binaries is told to set DATABASE_URL', () => {
  for (const platform of ['sunos', 'win32']) {
    expect(() => binaries.findBinaries(platform, 'x64')).toThrow(/sunos|win32.*set DATABASE_URL/);
  }
});

it('the end of the log is quoted when PostgreSQL refuses to start', async () => {
  const fault = await faultOf({ dataDir, settings: { no_such_setting: '1' } });
  expect(fault.code).toBe('START_FAILED');
  expect(fault.message).toContain('unrecognized configuration parameter "no_such_setting"');
  expect(fault.message).toContain(join(dataDir, 'postgres.log'));
});

it('a binary that cannot be run is a rejection', async () => {
  const found = binaries.findBinaries();
  jest
    .spyOn(binaries, 'findBinaries')
    .mockReturnValue({ ...found, postgres: join(dirname(found.postgres), 'pg_ctl.1') });
  // Root looks at the path before it runs anything.
  expect(['START_FAILED', 'FOLDER']).toContain((await faultOf({ dataDir })).code);
});

it('an initdb that cannot be run is a rejection and leaves nothing', async () => {
  const fresh = await scratch();
  const found = binaries.findBinaries();
  jest.spyOn(binaries, 'findBinaries').mockReturnValue({ ...found, initdb: join(fresh, 'initdb') });
  expect((await faultOf({ dataDir: fresh })).code).toBe('INIT_FAILED');
});

it('a data folder that is a file is named', async () => {
  const file = join(dataDir, 'not-a-folder');
  await writeFile(file, '');
  const fault = await faultOf({ dataDir: file });
  expect(fault.code).toBe('FOLDER');
  expect(fault.message).toContain(file);
  await rm(file);
});

it('a wrong and a missing password are told, and nothing is left running', async () => {
  const password = join(dataDir, 'cluster', 'password');
  await writeFile(password, 'wrong');
  expect((await faultOf({ dataDir })).code).toBe('PASSWORD');
  await rm(password);
  const fault = await faultOf({ dataDir });
  expect(fault.code).toBe('PASSWORD');
  expect(fault.message).toContain(password);
});
