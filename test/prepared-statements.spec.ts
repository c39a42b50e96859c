import { Logger } from '@nestjs/common';
import { autocommit } from '../libs/grantlog/src/database/autocommit';
import { prepared } from '../libs/grantlog/src/database/statement';
import { startApp, type TestApp } from './support/app';
import { connect, createDatabase, type TestDatabase } from './support/database';
import { operationsOf, reader } from './support/facts';

describe('prepared statements', () => {
  let database: TestDatabase;
  let app: TestApp;
  beforeEach(async () => (database = await createDatabase()));
  afterEach(async () => {
    await app.close();
    await database.drop();
  });

  /** Of the only connection, so that everybody shares it. */
  async function preparedNames(): Promise<string[]> {
    const rows: { name: string }[] = await app.dataSource.query('SELECT name FROM pg_prepared_statements');
    return rows.map(({ name }) => name);
  }

  it('are named by their text and by the size of the table they were planned for', async () => {
    app = await startApp({ url: database.url, poolSize: 1 });
    await app.assignments.assign(reader('first'));
    const early = await preparedNames();
    expect(early.every((name) => /^grantlog_[0-9a-f]{24}(_\d+)?$/.test(name))).toBe(true);
    await app.assignments.assign(Array.from({ length: 50 }, (_, at) => reader(`more-${at}`)));
    await app.assignments.assign(reader('second'));
    const hashes = (names: string[]): Set<string> => new Set(names.map((name) => name.slice(0, 33)));
    const late = await preparedNames();
    expect(late.length).toBeGreaterThan(hashes(late).size); // one text, planned again since the table has grown
  });

  it('are not used where the option says so', async () => {
    app = await startApp({ url: database.url, poolSize: 1, grantlog: { preparedStatements: false } });
    await app.assignments.assign(reader('plain'));
    await app.assignments.remove(reader('plain'));
    expect(await operationsOf(app, 'plain')).toEqual(['created', 'deleted']);
    expect(await preparedNames()).toEqual([]);
  });

  it.each([
    ['loses them', 'DEALLOCATE ALL'],
    ['knows other ones by the same names', 'DEALLOCATE ALL'],
  ])('a connection that %s is noticed: nothing fails, and names are avoided from then on', async (what, forget) => {
    app = await startApp({ url: database.url, poolSize: 1 });
    await app.assignments.assign(reader('before'));
    expect(await operationsOf(app, 'before')).toEqual(['created']);
    const names = await preparedNames();
    expect(names).not.toEqual([]);
    await app.dataSource.query(forget);
    const warnings = jest.spyOn(Logger.prototype, 'warn');
    const errors = jest.spyOn(Logger.prototype, 'error');
    if (what.startsWith('knows')) {
      // The driver forgets that it has prepared them, and the server does not.
      for (const name of names) await app.dataSource.query(`PREPARE ${name} AS SELECT 1`);
      const [client, release] = await (
        app.dataSource.driver as unknown as { obtainMasterConnection(): Promise<[Preparing, () => void]> }
      ).obtainMasterConnection();
      client.connection.parsedStatements = {};
      release();
    }
    await Promise.all([app.assignments.assign(reader('after')), app.assignments.remove(reader('before'))]);
    expect(await operationsOf(app, 'after')).toEqual(['created']);
    expect(await operationsOf(app, 'before')).toEqual(['created', 'deleted']);
    expect(warnings.mock.calls).toEqual([[expect.stringContaining('preparedStatements: false')]]);
    expect(errors).not.toHaveBeenCalled();
    warnings.mockRestore();
    errors.mockRestore();
  });
});

it('that several connections lose at once are missed by none of the calls', async () => {
  const database = await createDatabase();
  const dataSource = await connect(database.url, 4);
  const statement = prepared('SELECT $1::int AS number');
  const runners = Array.from({ length: 4 }, () => dataSource.createQueryRunner());
  for (const runner of runners) {
    const client = (await runner.connect()) as { query(text: unknown): Promise<unknown> };
    await client.query({ ...statement, values: [0] });
    await client.query('DEALLOCATE ALL');
  }
  await Promise.all(runners.map((runner) => runner.release()));
  const answers = await Promise.all([1, 2, 3, 4].map((number) => autocommit(dataSource, statement, [number])));
  expect(answers.flat()).toEqual([{ number: 1 }, { number: 2 }, { number: 3 }, { number: 4 }]);
  await dataSource.destroy();
  await database.drop();
});

/** The part of node-postgres that remembers what a connection has prepared. */
interface Preparing {
  readonly connection: { parsedStatements: Record<string, string> };
}
