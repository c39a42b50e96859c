import { grantlogMigrations, reconcile } from 'grantlog';
import { DataSource } from 'typeorm';
import { rebuildIntervals } from '../libs/grantlog/src/migrations/rebuilding';
import { startApp, type TestApp } from './support/app';
import { createDatabase, onServer, type TestDatabase } from './support/database';
import { reader } from './support/facts';
import { foldOf, intervalsIn } from './support/log-fold';
import { Roles } from './support/roles';

const dropIntervals = `
  DROP TRIGGER audit_record_intervals ON audit_record; DROP FUNCTION audit_interval_follow(); DROP TABLE audit_interval, audit_interval_block;
  DELETE FROM migrations WHERE name = 'GrantlogIntervals1764000000002'`;

describe('intervals of a database that was there before', () => {
  let database: TestDatabase;
  let roles: Roles;
  let app: TestApp | undefined;
  beforeEach(async () => {
    database = await createDatabase();
    roles = new Roles(database);
  });
  afterEach(async () => {
    await app?.close();
    app = undefined;
    await database.drop();
    await roles.drop();
  });

  async function start(url = database.url, migrationsRun = true): Promise<TestApp> {
    await app?.close();
    app = undefined;
    return (app = await startApp({ url, dataSource: { migrationsRun }, grantlog: { listeners: false } }));
  }

  const mayRead = async (role: string): Promise<unknown[]> =>
    roles.asRole(role, (dataSource) =>
      dataSource.query(
        `SELECT has_table_privilege('audit_interval', 'SELECT') AS intervals, has_table_privilege('audit_interval_block', 'SELECT') AS blocks`,
      ),
    );

  it('may be read by whoever could read the log, under any name, and by nobody else', async () => {
    await start();
    const [plain, other, odd] = [await roles.create('app'), await roles.create('other'), roles.name('Odd name')];
    await onServer(`CREATE ROLE "${odd}"`);
    await roles.administer(
      dropIntervals,
      `GRANT SELECT, INSERT ON audit_record TO ${plain}; GRANT SELECT ON audit_record TO "${odd}"`,
      `GRANT INSERT ON audit_record TO ${other}`,
    );
    const { dataSource } = await start();
    expect(await mayRead(plain)).toEqual([{ intervals: true, blocks: true }]);
    expect(await mayRead(other)).toEqual([{ intervals: false, blocks: false }]);
    expect(await dataSource.query(`SELECT has_table_privilege($1, 'audit_interval', 'SELECT') AS odd`, [odd])).toEqual([
      { odd: true },
    ]);
    await roles.administer(dropIntervals, 'GRANT SELECT ON audit_record TO PUBLIC');
    await start();
    expect(await mayRead(other)).toEqual([{ intervals: true, blocks: true }]);
  });

  it('that an app may not read keep it from starting, which says what to grant', async () => {
    await start();
    const role = await roles.create('app');
    await roles.administer(
      `GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${role}`,
      `REVOKE ALL ON audit_interval, audit_interval_block FROM ${role}`,
    );
    const grant = `GRANT SELECT ON audit_interval, audit_interval_block TO ${role}`;
    await expect(start(roles.urlAs(role), false)).rejects.toThrow(grant);
    await roles.administer(grant);
    await start(roles.urlAs(role), false);
  });

  it(`follow the log in a schema whose name has an apostrophe, quotes and dollars`, async () => {
    const schema = `o'br"ien $$`;
    const quoted = `"${schema.replaceAll('"', '""')}"`;
    await roles.administer(`CREATE SCHEMA ${quoted}`);
    await roles.administer(
      `DO $do$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = %I', current_database(), $name$${schema}$name$); END $do$`,
    );
    const { assignments, dataSource, records } = await start();
    await assignments.assign(reader(1));
    const fold = foldOf(await records());
    expect(fold).toHaveLength(1);
    expect(await intervalsIn(dataSource)).toEqual(fold);
    await start(); // and it is found to be as it must be
  });

  it('that lost their schema by its new name keep the app from starting, until they are rebuilt', async () => {
    await (await start()).assignments.assign(reader(1));
    await app?.records();
    await app?.close();
    app = undefined;
    await roles.administer(
      'ALTER SCHEMA public RENAME TO "Authz"',
      `ALTER DATABASE ${database.name} SET search_path = "Authz"`,
    );
    await expect(start()).rejects.toThrow(/schema "Authz".*search_path=public.*grantlog rebuild/);
    const migrating = await new DataSource({
      type: 'postgres',
      url: database.url,
      migrations: grantlogMigrations,
    }).initialize();
    try {
      const problem = expect.objectContaining({ remedy: 'grantlog rebuild' }) as unknown;
      expect((await reconcile(migrating)).problems).toEqual([problem]);
      await rebuildIntervals(migrating);
      expect((await reconcile(migrating)).problems).toEqual([]);
    } finally {
      await migrating.destroy();
    }
    const { assignments, dataSource, records } = await start();
    await assignments.assign(reader(2));
    const fold = foldOf(await records());
    expect(await intervalsIn(dataSource)).toEqual(fold);
  });
});
