import { DataSource } from 'typeorm';
import { startApp } from './support/app';
import { createDatabase, onServer, type TestDatabase } from './support/database';
import { operationsOf, reader } from './support/facts';

describe('a database with settings of its own', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(() => database.drop());

  async function createSchema(): Promise<void> {
    const host = await new DataSource({ type: 'postgres', url: database.url }).initialize();
    await host.query('CREATE SCHEMA authz');
    await host.destroy();
  }

  it.each(['repeatable read', 'serializable'])(
    'with %s by default makes one fact one row all the same',
    async (level) => {
      await onServer(`ALTER DATABASE ${database.name} SET default_transaction_isolation = '${level}'`);
      const left = await startApp({ url: database.url });
      const right = await startApp({ url: database.url });
      const calls = Array.from({ length: 20 }, (_, n) => (n % 2 ? left : right).assignments.assign(reader('same')));
      const answers = await Promise.all(calls);
      expect(answers.filter(({ changed }) => changed)).toHaveLength(1);
      expect(await operationsOf(left, 'same')).toEqual(['created']);
      await Promise.all([left.close(), right.close()]);
    },
  );

  it('and a schema that connections do not use is refused, with the remedy', async () => {
    await createSchema();
    const started = startApp({ url: database.url, dataSource: { schema: 'authz' } });
    await expect(started).rejects.toThrow(/"authz".*search_path=authz/);
  });

  it('and a schema that they do use is fine', async () => {
    const url = new URL(database.url);
    url.searchParams.set('options', '-c search_path=authz');
    await createSchema();
    const app = await startApp({ url: url.href, dataSource: { schema: 'authz' } });
    await app.assignments.assign(reader('there'));
    expect(await operationsOf(app, 'there')).toEqual(['created']);
    expect(await app.dataSource.query(`SELECT to_regclass('authz.audit_record') IS NOT NULL AS there`)).toEqual([
      { there: true },
    ]);
    await app.close();
  });
});
