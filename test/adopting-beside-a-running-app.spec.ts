import { grantlogMigrations } from 'grantlog';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { createDatabase, type TestDatabase } from './support/database';
import { type LegacyApp, startLegacyApp } from './support/legacy-table';
import { stderrOf } from './support/stderr';
import { until } from './support/until';

describe('while a table is adopted, an app of before', () => {
  let database: TestDatabase;
  let legacy: LegacyApp;
  let dataSource: DataSource;
  let other: Client;

  beforeEach(async () => {
    database = await createDatabase();
    legacy = await startLegacyApp(database.url);
    await legacy.enforcer.addGroupingPolicy('user^ann', 'role^reader', '*');
    dataSource = await new DataSource({
      type: 'postgres',
      url: database.url,
      migrations: grantlogMigrations,
    }).initialize();
    other = new Client({ connectionString: database.url });
    await other.connect();
  });
  afterEach(async () => {
    await other.end();
    await legacy.close();
    await dataSource.destroy();
    await database.drop();
  });

  /** Resolves when a connection is at a statement that matches. Asked outside of transactions, because inside PostgreSQL repeats itself. */
  const seen = (condition: string, statement: string): Promise<unknown> =>
    until(
      () =>
        legacy.dataSource.query<unknown[]>(
          `SELECT 1 FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid() AND ${condition} AND query LIKE $1`,
          [`%${statement}%`],
        ),
      (found) => found.length > 0,
    );
  const waits = (statement: string): Promise<unknown> => seen(`wait_event_type = 'Lock'`, statement);
  const asks = (statement: string): Promise<unknown> => seen('true', statement);

  it('goes on writing and reading while the unique rule waits for a transaction that stays open', async () => {
    await other.query('BEGIN');
    await other.query(`INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'user^slow', 'role^reader', '*')`);
    const migrated = stderrOf(() => dataSource.runMigrations());
    await waits('CONCURRENTLY');
    await legacy.dataSource.query(`SET statement_timeout = '5s'`);
    await legacy.enforcer.addGroupingPolicy('user^bob', 'role^reader', '*');
    await legacy.enforcer.removeGroupingPolicy('user^ann', 'role^reader', '*');
    await legacy.enforcer.loadPolicy();
    expect(await legacy.enforcer.getGroupingPolicy()).toEqual([['user^bob', 'role^reader', '*']]);
    await other.query('COMMIT');
    await migrated;
    expect(await dataSource.query('SELECT subject FROM audit_record ORDER BY seq')).toEqual([
      { subject: 'user^slow' },
      { subject: 'user^bob' },
    ]);
  });

  it('may write a rule twice meanwhile: that is folded too', async () => {
    await other.query('BEGIN');
    await other.query(`INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'user^ann', 'role^reader', '*')`);
    const migrated = stderrOf(() => dataSource.runMigrations());
    await waits('CONCURRENTLY');
    await other.query('COMMIT');
    expect(await migrated).toMatch(/1 rows say the same.*id 2 into 1/);
    expect(await dataSource.query('SELECT subject FROM audit_record')).toEqual([{ subject: 'user^ann' }]);
    expect(await dataSource.query('SELECT id FROM casbin_rule')).toEqual([{ id: 1 }]);
  });

  it('is held for an instant only when a column is to be added while somebody reads the table for long', async () => {
    await legacy.dataSource.query('ALTER TABLE casbin_rule DROP COLUMN v6');
    await other.query('BEGIN');
    await other.query('SELECT * FROM casbin_rule');
    const migrated = stderrOf(() => dataSource.runMigrations());
    await waits('ADD COLUMN');
    const reader = new Client({ connectionString: database.url, options: '-c statement_timeout=5s' });
    await reader.connect();
    expect((await reader.query('SELECT v0 FROM casbin_rule')).rows).toEqual([{ v0: 'user^ann' }]);
    await reader.end();
    await other.query('COMMIT');
    await migrated;
    expect(await dataSource.query('SELECT v0, v6 FROM casbin_rule')).toEqual([{ v0: 'user^ann', v6: null }]);
  });

  it('is adopted once when a second session comes while the first one is at it', async () => {
    await other.query('BEGIN');
    await other.query(`INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'user^slow', 'role^reader', '*')`);
    const second = await new DataSource(dataSource.options).initialize();
    const output = stderrOf(async () => {
      const first = dataSource.runMigrations();
      await waits('CONCURRENTLY');
      const both = Promise.all([first, second.runMigrations()]);
      await asks('pg_try_advisory_lock');
      await other.query('COMMIT');
      await both;
    });
    expect((await output).match(/is adopted/g)).toHaveLength(1);
    expect(await second.query('SELECT subject FROM audit_record ORDER BY seq')).toEqual([
      { subject: 'user^ann' },
      { subject: 'user^slow' },
    ]);
    await second.destroy();
  });
});
