import { adoptRules, grantlogMigrations } from 'grantlog';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { startApp } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';
import { atRest, letReadersRead, mayRead, operationsOf, reader } from './support/facts';
import { fillTable, type LegacyApp, startLegacyApp } from './support/legacy-table';
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

  it('may go on writing as fast as rules are recorded: the adoption ends all the same, and a later one takes the rest', async () => {
    await stderrOf(() => dataSource.runMigrations());
    await other.query(`
      CREATE FUNCTION write_another() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'user^' || NEW.seq, 'role^reader', '*');
        RETURN NEW;
      END $$;
      CREATE TRIGGER write_another AFTER INSERT ON audit_record FOR EACH ROW EXECUTE FUNCTION write_another();
      INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'user^late', 'role^reader', '*')`);
    expect(await stderrOf(() => adoptRules(dataSource))).toMatch(/goes on adding rules; adoptRules\(\) takes the rest/);
    await other.query('DROP TRIGGER write_another ON audit_record');
    await stderrOf(() => adoptRules(dataSource));
    expect(
      await dataSource.query(
        'SELECT v0 FROM casbin_rule EXCEPT SELECT subject FROM audit_record UNION ALL SELECT NULL WHERE NOT EXISTS (SELECT FROM casbin_rule WHERE id > 3)',
      ),
    ).toEqual([]);
  });

  it('may write a rule twice meanwhile: that is folded too', async () => {
    await other.query('BEGIN');
    await other.query(`INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'user^ann', 'role^reader', '*')`);
    const migrated = stderrOf(() => dataSource.runMigrations());
    await waits('CONCURRENTLY');
    await other.query('COMMIT');
    expect(await migrated).toMatch(/folding 1 row into others.*id 2 into 1/);
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

  it('is held by no row that waits for another one: a copy in an open transaction is left for later', async () => {
    await legacy.dataSource.query(
      `INSERT INTO casbin_rule (ptype, v0, v1, v2, v3) VALUES
         ('g', 'user^bob', 'role^reader', '*', ''), ('g', 'user^bob', 'role^reader', '*', NULL),
         ('g', 'user^cid', 'role^reader', '*', '')`,
    );
    await other.query('BEGIN');
    await other.query(`UPDATE casbin_rule SET ticket = 'held' WHERE id IN (3, 4)`);
    let output = '';
    const migrated = stderrOf(
      () => dataSource.runMigrations(),
      (text) => (output += text),
    );
    await until(
      () => output,
      (text) => text.includes('waiting for copies (id 3 into 2) that open transactions have locked'),
    );
    await legacy.dataSource.query(`SET statement_timeout = '5s'`);
    await legacy.dataSource.query(`UPDATE casbin_rule SET ticket = 'seen' WHERE id IN (1, 2)`);
    await other.query('COMMIT');
    await migrated;
    expect(await dataSource.query('SELECT id, v3, ticket FROM casbin_rule ORDER BY id')).toEqual([
      { id: 1, v3: null, ticket: 'seen' },
      { id: 2, v3: null, ticket: 'seen' },
      { id: 4, v3: null, ticket: 'held' },
    ]);
  });

  it('may change columns of its own between the finding of a rule and its recording', async () => {
    await fillTable(legacy.dataSource, 6_000);
    await legacy.dataSource.query('ALTER TABLE casbin_rule ADD COLUMN seen int');
    const migrated = stderrOf(() => dataSource.runMigrations());
    await until(
      () => other.query(`SELECT 1 FROM pg_indexes WHERE indexname = 'casbin_rule_scope'`),
      ({ rows }) => rows.length > 0,
    );
    for (let round = 1; round <= 20; round += 1)
      await other.query('UPDATE casbin_rule SET seen = $1 WHERE id % 7 = 0', [round]);
    await migrated;
    expect(
      await dataSource.query('SELECT count(*)::int AS n, count(DISTINCT details)::int AS rules FROM audit_record'),
    ).toEqual([{ n: 6_001, rules: 6_001 }]);
  });

  it('has limits of its own, which the adoption does without', async () => {
    await other.query(`ALTER DATABASE ${database.name} SET statement_timeout = '1s'`);
    await other.query(`ALTER DATABASE ${database.name} SET lock_timeout = '1s'`);
    await other.query(`ALTER DATABASE ${database.name} SET default_transaction_isolation = 'serializable'`);
    await other.query('BEGIN');
    await other.query(`INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'user^slow', 'role^reader', '*')`);
    const strict = await new DataSource(dataSource.options).initialize();
    const migrated = stderrOf(() => strict.runMigrations());
    await seen(`wait_event_type = 'Lock' AND clock_timestamp() - query_start > interval '1.2 s'`, 'CONCURRENTLY');
    await other.query('COMMIT');
    await migrated;
    expect(await strict.query('SELECT subject FROM audit_record ORDER BY seq')).toEqual([
      { subject: 'user^ann' },
      { subject: 'user^slow' },
    ]);
    expect(await strict.query(`SELECT current_setting('lock_timeout') AS limit`)).toEqual([{ limit: '1s' }]);
    await strict.destroy();
  });

  describe('that audits, while the table is adopted once more,', () => {
    it('may be removing a rule that was written past it: what is revoked is not granted by that', async () => {
      await dataSource.runMigrations();
      const [app, two] = await Promise.all([startApp({ url: database.url }), startApp({ url: database.url })]);
      await letReadersRead(app);
      await legacy.enforcer.addGroupingPolicy('user^eve', 'role^reader', '*');
      await Promise.all([app.enforcer.loadPolicy(), two.enforcer.loadPolicy()]);
      const runner = app.dataSource.createQueryRunner();
      await runner.startTransaction();
      await app.assignments.remove(reader('eve'), { manager: runner.manager });
      let output = '';
      const adopted = stderrOf(
        () => adoptRules(dataSource),
        (text) => (output += text),
      );
      await until(
        () => output,
        (text) => text.includes('waiting for 1 rule that open transactions have locked'),
      );
      await runner.commitTransaction();
      await runner.release();
      await adopted;
      await atRest(app, two);
      for (const node of [app, two]) expect(await mayRead(node, 'eve')).toBe(false);
      expect(await operationsOf(app, 'eve')).toEqual(['deleted']);
      await legacy.dataSource.query(
        `INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'user^eve', 'role^reader', '*')`,
      );
      await stderrOf(() => adoptRules(dataSource));
      expect(await operationsOf(app, 'eve')).toEqual(['deleted', 'created']);
      await Promise.all([app.close(), two.close()]);
    });

    it('goes on granting and revoking rows with empty columns as they are stored', async () => {
      await dataSource.runMigrations();
      const app = await startApp({ url: database.url });
      await letReadersRead(app);
      await legacy.dataSource.query(
        `INSERT INTO casbin_rule (ptype, v0, v1, v2, v3) VALUES ('p', 'role^odd', 'act^read', '*', ''), ('g', 'user^eve', 'role^reader', '*', NULL)`,
      );
      await app.enforcer.loadPolicy();
      await stderrOf(() => adoptRules(dataSource));
      expect(await mayRead(app, 'eve')).toBe(true);
      await app.assignments.remove(reader('eve'));
      expect(await mayRead(app, 'eve')).toBe(false);
      expect(await dataSource.query(`SELECT v3 FROM casbin_rule WHERE v0 = 'role^odd'`)).toEqual([{ v3: '' }]);
      await app.close();
    });
  });
});
