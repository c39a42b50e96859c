import { grantlogMigrations } from 'grantlog';
import { DataSource } from 'typeorm';
import { startApp } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';
import { reader } from './support/facts';
import { type LegacyApp, startLegacyApp, tableAsItIs } from './support/legacy-table';
import { stderrOf } from './support/stderr';
import { undoThrough } from './support/undo';

describe('a table', () => {
  let database: TestDatabase;
  let legacy: LegacyApp;
  let dataSource: DataSource;

  beforeEach(async () => {
    database = await createDatabase();
    legacy = await startLegacyApp(database.url);
    dataSource = await new DataSource({
      type: 'postgres',
      url: database.url,
      migrations: grantlogMigrations,
    }).initialize();
  });
  afterEach(async () => {
    await legacy.close();
    await dataSource.destroy();
    await database.drop();
  });

  const insert = (...rows: string[]): Promise<unknown> =>
    dataSource.query(`INSERT INTO casbin_rule (ptype, v0, v1, v2, v3, ticket) VALUES ${rows.join(', ')}`);
  const tables = `SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename`;

  describe('that was adopted', () => {
    const copies = [
      `('g', 'user^ann', 'role^reader', '*', '', 'T-1')`,
      `('g', 'user^ann', 'role^reader', '*', NULL, 'T-2')`,
      `('g', 'user^bob', 'role^reader', '*', NULL, NULL)`,
      `('g', 'user^bob', 'role^reader', '*', NULL, NULL)`,
      `('p', 'role^reader', 'act^read', '*', NULL, 'T-5')`,
    ];

    it.each(['all', 'each', 'none'] as const)(
      'is given back as it was (migrationsTransactionMode %s)',
      async (transaction) => {
        await insert(...copies);
        const before = await tableAsItIs(dataSource);
        await stderrOf(() => dataSource.runMigrations({ transaction }));
        expect(await tableAsItIs(dataSource)).not.toEqual(before);
        await undoThrough(dataSource, 'GrantlogAdopt', { transaction });
        expect(await tableAsItIs(dataSource)).toEqual(before);
        await undoThrough(dataSource, 'GrantlogInstall', { transaction });
        expect(await tableAsItIs(dataSource)).toEqual(before);
        expect(await dataSource.query(tables)).toEqual([{ tablename: 'casbin_rule' }, { tablename: 'migrations' }]);
      },
    );

    it('does not get the copies of a rule back that was removed since', async () => {
      await insert(...copies);
      await stderrOf(() => dataSource.runMigrations());
      const app = await startApp({ url: database.url });
      await app.assignments.remove(reader('ann'));
      await app.close();
      await undoThrough(dataSource, 'GrantlogAdopt');
      expect(await dataSource.query(`SELECT id FROM casbin_rule WHERE ptype = 'g' ORDER BY id`)).toEqual([
        { id: 3 },
        { id: 4 },
      ]);
    });

    it('is given back while the log stays, if that tells of changes; what comes later is adopted on top of it', async () => {
      await insert(...copies);
      await stderrOf(() => dataSource.runMigrations());
      const app = await startApp({ url: database.url });
      await app.assignments.remove(reader('ann'));
      await app.records();
      await app.close();
      await undoThrough(dataSource, 'GrantlogAdopt');
      await expect(dataSource.undoLastMigration()).rejects.toThrow('audit_record holds 1 records of changes');
      await legacy.enforcer.addGroupingPolicy('user^eve', 'role^reader', '*');
      await stderrOf(() => dataSource.runMigrations());
      expect(await dataSource.query('SELECT subject, operation FROM audit_record ORDER BY seq OFFSET 3')).toEqual([
        { subject: 'user^ann', operation: 'deleted' },
        { subject: 'user^eve', operation: 'created' },
      ]);
    });
  });

  describe('is refused, and nothing is changed,', () => {
    const refusal = async (): Promise<string> => {
      const before = await tableAsItIs(dataSource);
      const problem = await dataSource.runMigrations().then(
        () => 'none',
        (error: unknown) => String(error),
      );
      expect(await tableAsItIs(dataSource)).toEqual(before);
      expect(await dataSource.query(tables)).toEqual([{ tablename: 'casbin_rule' }, { tablename: 'migrations' }]);
      return problem;
    };

    it('if rows in it are no rules; each is named', async () => {
      await insert(
        `(NULL, 'user^ann', 'role^reader', '*', NULL, NULL)`,
        `('g', NULL, 'role^reader', '*', NULL, NULL)`,
        `('g', 'user^ann', '', '*', NULL, NULL)`,
        `('x', 'user^ann', 'role^reader', '*', NULL, NULL)`,
        `('p', 'user^ann', '${'x'.repeat(2_600)}', '*', NULL, NULL)`,
        `('g', 'user^bob', 'role^reader', '*', NULL, NULL)`,
      );
      expect(await refusal()).toBe(
        'InvalidInputError: casbin_rule: holds 5 rows that are no rules, and that no record could tell of (' +
          'id 1: its ptype does not begin with p or g; id 2: its v0 is empty; id 3: its v1 is empty; ' +
          'id 4: its ptype does not begin with p or g; id 5: its columns have more than 2600 bytes in all); ' +
          'mend or delete them. Then run the migration again; nothing was changed',
      );
    });

    it('if there are many of them: ten are named and the others counted', async () => {
      await insert(...Array.from({ length: 12 }, () => `('x', 'a', 'b', '*', NULL, NULL)`));
      expect(await refusal()).toMatch(/holds 12 rows .*id 10: its ptype does not begin with p or g; and 2 more\)/);
    });

    it("if it has a column of the host's that no rule of Grantlog's could fill", async () => {
      await dataSource.query(`ALTER TABLE casbin_rule ADD COLUMN "tenantId" varchar NOT NULL`);
      expect(await refusal()).toMatch(
        /casbin_rule: column "tenantId" must be filled and has no default.*ALTER COLUMN "tenantId" SET DEFAULT/,
      );
    });

    it('if it is a view', async () => {
      await dataSource.query('ALTER TABLE casbin_rule RENAME TO rules');
      await dataSource.query('CREATE VIEW casbin_rule AS SELECT * FROM rules');
      await expect(dataSource.runMigrations()).rejects.toThrow('casbin_rule: is not a plain table');
      await dataSource.query('DROP VIEW casbin_rule');
      await dataSource.query('ALTER TABLE rules RENAME TO casbin_rule');
    });
  });
});
