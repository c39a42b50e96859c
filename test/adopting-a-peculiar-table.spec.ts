import { grantlogMigrations } from 'grantlog';
import { DataSource } from 'typeorm';
import TypeORMAdapter from 'typeorm-adapter';
import { startApp, type TestApp } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';
import { factOf, mayRead, reader, rulesIn } from './support/facts';
import { type LegacyApp, startLegacyApp, tableAsItIs } from './support/legacy-table';
import { stderrOf } from './support/stderr';
import { undoThrough } from './support/undo';

describe('a table that', () => {
  let database: TestDatabase;
  let legacy: LegacyApp;
  let dataSource: DataSource;

  beforeEach(async () => {
    database = await createDatabase();
    legacy = await startLegacyApp(database.url);
    dataSource = await migrating(database.url);
  });
  afterEach(async () => {
    await legacy.close();
    await dataSource.destroy();
    await database.drop();
  });

  const migrating = (url: string): Promise<DataSource> =>
    new DataSource({ type: 'postgres', url, migrations: grantlogMigrations }).initialize();
  const insert = (...rows: string[]): Promise<unknown> =>
    dataSource.query(`INSERT INTO casbin_rule (ptype, v0, v1, v2, v3) VALUES ${rows.join(', ')}`);
  const bob = `('g', 'user^bob', 'role^reader', NULL, '*')`;
  const ann = `('g', 'user^ann', 'role^reader', '*', NULL)`;
  const migrate = (): Promise<string> => stderrOf(() => dataSource.runMigrations());

  async function withApp(work: (app: TestApp) => Promise<void>): Promise<void> {
    const app = await startApp({ url: database.url, dataSource: { migrationsRun: false } });
    try {
      await work(app);
    } finally {
      await app.close();
    }
  }

  it('has gaps in the middle of rules says what typeorm-adapter read, and gets the gaps back', async () => {
    await insert(`('g', 'user^ann', 'role^reader', '', '*')`, ann, bob);
    const before = await tableAsItIs(dataSource);
    await migrate();
    expect(await rulesIn(dataSource)).toEqual([
      ['g', 'user^ann', 'role^reader', '*'],
      ['g', 'user^bob', 'role^reader', '*'],
    ]);
    await withApp(async (app) => {
      expect((await app.records()).map(factOf)).toHaveLength(2);
      expect(await app.assignments.remove(reader('bob'))).toMatchObject({ changed: true });
      expect(await mayRead(app, 'bob')).toBe(false);
      await app.assignments.assign(reader('bob'));
      await app.assignments.remove(reader('bob'));
    });
    await insert(bob);
    await dataSource.query(`UPDATE casbin_rule SET id = 3 WHERE v0 = 'user^bob'`); // as if it had never been touched
    await undoThrough(dataSource, 'GrantlogAdopt');
    expect(await tableAsItIs(dataSource)).toEqual(before);
  });

  it('lies in another schema of the search_path is not hidden by a new one', async () => {
    await insert(ann);
    await dataSource.query('CREATE SCHEMA app');
    const other = await migrating(`${database.url}?options=-c%20search_path%3Dapp,public`);
    await expect(other.runMigrations()).rejects.toThrow(
      "casbin_rule lies in the schema public, while new tables would be made in app. Add extra: { options: '-c search_path=public' }",
    );
    expect(await other.query('SELECT count(*)::int AS n FROM casbin_rule')).toEqual([{ n: 1 }]);
    await other.destroy();
  });

  it.each([
    [
      'refers to rules that are there twice',
      `CREATE TABLE approval (rule int REFERENCES casbin_rule ON DELETE CASCADE)`,
      /approval refers to them \(approval_rule_fkey\)/,
    ],
    [
      'has an index with the name of ours',
      `CREATE UNIQUE INDEX casbin_rule_unique ON casbin_rule (id, v0)`,
      /has an index of another kind that is called casbin_rule_unique/,
    ],
    [
      'must have a column filled that rules may lack',
      `UPDATE casbin_rule SET v3 = 'x'; ALTER TABLE casbin_rule ALTER v3 SET NOT NULL`,
      /column v3 must be filled, and rules may lack it; run ALTER TABLE casbin_rule ALTER COLUMN v3 DROP NOT NULL/,
    ],
    [
      'fills a column by itself that rules may lack',
      `ALTER TABLE casbin_rule ALTER v3 SET DEFAULT ''`,
      /column v3 has a default/,
    ],
    [
      'gives no ids',
      `ALTER TABLE casbin_rule ALTER id DROP DEFAULT`,
      /needs a column id of type integer or bigint, which is given by a sequence/,
    ],
  ])('%s is refused before anything is changed', async (_, statement, problem) => {
    await insert(ann, ann);
    await dataSource.query(statement);
    const before = await tableAsItIs(dataSource);
    await expect(dataSource.runMigrations()).rejects.toThrow(problem);
    expect(await tableAsItIs(dataSource)).toEqual(before);
    expect(await dataSource.query(`SELECT to_regclass('audit_record') AS log`)).toEqual([{ log: null }]);
  });

  it('is referred to stays so if no rule is there twice', async () => {
    await insert(ann);
    await dataSource.query('CREATE TABLE approval (rule int REFERENCES casbin_rule ON DELETE CASCADE)');
    await dataSource.query('INSERT INTO approval VALUES (1)');
    await migrate();
    expect(await dataSource.query('SELECT rule FROM approval')).toEqual([{ rule: 1 }]);
  });

  it('has a trigger that undoes what is done to it is told so, not tried for ever', async () => {
    await insert(`('g', 'user^ann', 'role^reader', '*', '')`);
    await dataSource.query(`
      CREATE FUNCTION refill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.v3 := ''; RETURN NEW; END $$;
      CREATE TRIGGER refill BEFORE UPDATE ON casbin_rule FOR EACH ROW EXECUTE FUNCTION refill()`);
    await stderrOf(() =>
      expect(dataSource.runMigrations()).rejects.toThrow(/has a trigger that fills empty columns again \(id 1\)/),
    );
  });

  it('has ids of an identity column, generated columns and quoted names is adopted and given back', async () => {
    await dataSource.query(`
      DROP TABLE casbin_rule;
      CREATE TABLE casbin_rule (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, ptype varchar, v0 varchar, v1 varchar,
        v2 varchar, v3 varchar, v4 varchar, v5 varchar, v6 varchar,
        "Who Asked" text DEFAULT 'nobody', loud text GENERATED ALWAYS AS (upper(v0)) STORED)`);
    await insert(ann, ann);
    const before = await tableAsItIs(dataSource);
    await migrate();
    await withApp(async (app) => expect(await app.assignments.assign(reader('bob'))).toMatchObject({ changed: true }));
    await dataSource.query(`DELETE FROM casbin_rule WHERE v0 = 'user^bob'`);
    await undoThrough(dataSource, 'GrantlogAdopt');
    expect(await tableAsItIs(dataSource)).toEqual(before);
  });

  it('loses its unique rule to an old app that synchronizes takes no rule twice: calls fail', async () => {
    await insert(ann);
    await migrate();
    await withApp(async (app) => {
      await (await TypeORMAdapter.newAdapter({ type: 'postgres', url: database.url })).close();
      await expect(app.assignments.assign(reader('bob'))).rejects.toThrow(/ON CONFLICT/);
      expect(await rulesIn(app.dataSource)).toHaveLength(1);
    });
  });
});
