import { adoptRules, grantlogMigrations, grantlogMigrationsFor, NotInstalledError } from 'grantlog';
import { DataSource } from 'typeorm';
import { startApp, type TestApp, type TestAppOptions } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';
import { factOf, mayRead, reader, rulesIn } from './support/facts';
import { type LegacyApp, startLegacyApp, tableAsItIs } from './support/legacy-table';
import { scopedModel } from './support/models';
import { said, stderrOf } from './support/stderr';
import { undoThrough } from './support/undo';

describe('adopting the table of an app of before', () => {
  let database: TestDatabase;
  let legacy: LegacyApp;
  let dataSource: DataSource;

  beforeEach(async () => {
    database = await createDatabase();
    legacy = await startLegacyApp(database.url);
    dataSource = await migrating(grantlogMigrations);
  });
  afterEach(async () => {
    await legacy.close();
    await dataSource.destroy();
    await database.drop();
  });

  const migrating = (migrations: typeof grantlogMigrations): Promise<DataSource> =>
    new DataSource({ type: 'postgres', url: database.url, migrations }).initialize();

  async function withApp(
    work: (app: TestApp) => Promise<void>,
    grantlog: TestAppOptions['grantlog'] = {},
  ): Promise<void> {
    const app = await startApp({ url: database.url, dataSource: { migrationsRun: false }, grantlog });
    try {
      await work(app);
    } finally {
      await app.close();
    }
  }

  it('records what is there once, as created by system^import, and enforces it', async () => {
    await legacy.enforcer.addPolicy('role^reader', 'act^read', 'lib^a');
    await legacy.enforcer.addGroupingPolicy('user^ann', 'role^reader', 'lib^a');
    await legacy.dataSource.query(`INSERT INTO casbin_rule (ptype, v0, v1) VALUES ('g2', 'lib^a', 'org^x')`);
    await dataSource.runMigrations();
    await withApp(async (app) => {
      const records = await app.records();
      expect(records.map(factOf)).toEqual([
        ['policy.created', 'p', 'role^reader', 'act^read', 'lib^a'],
        ['role_assignment.created', 'g', 'user^ann', 'role^reader', 'lib^a'],
        ['grouping.created', 'g2', 'lib^a', 'org^x'],
      ]);
      expect(records.map(({ seq }) => seq)).toEqual(['1', '2', '3']);
      expect(new Set(records.map(({ operationId }) => operationId)).size).toBe(1);
      expect(records[1]).toMatchObject({
        actor: 'system^import',
        reason: 'adopted from casbin_rule',
        outcome: 'success',
        subject: 'user^ann',
        role: 'role^reader',
        scope: 'lib^a',
        requestId: null,
      });
      expect(await mayRead(app, 'ann', 'lib^a')).toBe(true);
      const page = await app.trail.find({ scopeNamespace: 'lib', actor: 'system^import' });
      expect(page.items.map(({ subject }) => subject)).toEqual(['user^ann']);
    });
  });

  it('goes on in the log where the adoption has ended', async () => {
    await legacy.enforcer.addGroupingPolicy('user^ann', 'role^reader', '*');
    await dataSource.runMigrations();
    await withApp(async (app) => {
      expect(await app.assignments.assign(reader('ann'))).toMatchObject({ changed: false });
      expect(await app.assignments.remove(reader('ann'))).toMatchObject({ changed: true });
      const records = await app.records();
      expect(records.map(({ seq, operation }) => [seq, operation])).toEqual([
        ['1', 'created'],
        ['2', 'deleted'],
      ]);
      expect(await mayRead(app, 'ann')).toBe(false);
    });
  });

  it('names the scope of policies, and splits keys at another separator, if it is told the model and the separator', async () => {
    await legacy.enforcer.addPolicy('role:reader', 'act:read', 'lib:a');
    await dataSource.destroy();
    dataSource = await migrating(grantlogMigrationsFor({ model: scopedModel(), separator: ':' }));
    await dataSource.runMigrations();
    expect(await dataSource.query('SELECT actor, subject, role, scope, scope_namespace FROM audit_record')).toEqual([
      { actor: 'system:import', subject: 'role:reader', role: null, scope: 'lib:a', scope_namespace: 'lib' },
    ]);
  });

  it('folds rows that say the same into the first, names them on stderr and keeps them', async () => {
    await legacy.dataSource.query(
      `INSERT INTO casbin_rule (ptype, v0, v1, v2, ticket) VALUES
         ('g', 'user^ann', 'role^reader', '*', 'T-1'), ('g', 'user^ann', 'role^reader', '*', 'T-2'),
         ('g', 'user^bob', 'role^reader', '*', NULL), ('g', 'user^ann', 'role^reader', '*', 'T-3')`,
    );
    const output = await stderrOf(() => dataSource.runMigrations());
    expect(said(output)).toContain(
      'folding 2 rows into others that say the same; audit_original_rule keeps them: id 2 into 1, 4 into 1',
    );
    expect(said(output).at(-1)).toMatch(/casbin_rule is adopted: 2 rules recorded/);
    expect(await dataSource.query('SELECT id, v0, ticket FROM casbin_rule ORDER BY id')).toEqual([
      { id: 1, v0: 'user^ann', ticket: 'T-1' },
      { id: 3, v0: 'user^bob', ticket: null },
    ]);
    expect(await dataSource.query('SELECT id, ticket FROM audit_original_rule ORDER BY id')).toEqual([
      { id: 2, ticket: 'T-2' },
      { id: 4, ticket: 'T-3' },
    ]);
  });

  it('reads empty columns as typeorm-adapter did: as if they were not there', async () => {
    await legacy.dataSource.query(
      `INSERT INTO casbin_rule (ptype, v0, v1, v2, v3) VALUES
         ('g', 'user^ann', 'role^reader', '*', ''), ('g', 'user^ann', 'role^reader', '*', NULL)`,
    );
    await dataSource.runMigrations();
    expect(await rulesIn(dataSource)).toEqual([['g', 'user^ann', 'role^reader', '*']]);
    await withApp(async (app) => expect((await app.records()).map(factOf)).toHaveLength(1));
  });

  it('says which rows have blanks around a value, which typeorm-adapter took away', async () => {
    await legacy.dataSource.query(
      `INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', ' user^ann', 'role^x', '*')`,
    );
    expect(said(await stderrOf(() => dataSource.runMigrations()))).toContainEqual(
      expect.stringMatching(/blanks.*id 1$/),
    );
  });

  it("leaves the host's own columns, also to the rules that come later", async () => {
    await legacy.dataSource.query(
      `INSERT INTO casbin_rule (ptype, v0, v1, v2, ticket) VALUES ('g', 'a', 'b', 'c', 'T-1')`,
    );
    await dataSource.runMigrations();
    await withApp(async (app) => {
      await app.assignments.assign(reader('ann'));
      const addedAt = new Date('2020-01-02T03:04:05Z');
      expect(await dataSource.query('SELECT ticket, "addedAt" FROM casbin_rule ORDER BY id')).toEqual([
        { ticket: 'T-1', addedAt },
        { ticket: null, addedAt },
      ]);
    });
  });

  it('adds the columns that a table of an older typeorm-adapter lacks, and takes them away again', async () => {
    await legacy.dataSource.query('ALTER TABLE casbin_rule DROP COLUMN v5, DROP COLUMN v6');
    await legacy.dataSource.query(
      `INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'user^ann', 'role^reader', '*')`,
    );
    const before = await tableAsItIs(legacy.dataSource);
    await dataSource.runMigrations();
    await withApp(async (app) =>
      expect(await app.enforcer.hasGroupingPolicy('user^ann', 'role^reader', '*')).toBe(true),
    );
    await undoThrough(dataSource, 'GrantlogAdopt');
    expect(await tableAsItIs(dataSource)).toEqual(before);
  });

  it.each(['all', 'each', 'none'] as const)(
    'works with migrationsTransactionMode %s, between migrations of the host',
    async (transaction) => {
      class HostFirst1700000000000 {
        name = 'HostFirst1700000000000';
        async up(runner: { query(sql: string): Promise<unknown> }): Promise<void> {
          await runner.query(
            `INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'user^ann', 'role^reader', '*')`,
          );
        }
        async down(): Promise<void> {}
      }
      class HostLast1800000000000 {
        name = 'HostLast1800000000000';
        async up(runner: { query(sql: string): Promise<unknown> }): Promise<void> {
          await runner.query('CREATE TABLE of_the_host ()');
        }
        async down(): Promise<void> {}
      }
      await dataSource.destroy();
      dataSource = await migrating([HostFirst1700000000000, ...grantlogMigrations, HostLast1800000000000]);
      expect(await dataSource.runMigrations({ transaction })).toHaveLength(grantlogMigrations.length + 2);
      expect(await dataSource.runMigrations({ transaction })).toHaveLength(0);
      expect(await dataSource.query('SELECT subject FROM audit_record')).toEqual([{ subject: 'user^ann' }]);
      expect(await dataSource.query('SELECT * FROM of_the_host')).toEqual([]);
    },
  );

  it('can be done again beside the app: only what was written past Grantlog is folded and recorded', async () => {
    await legacy.enforcer.addGroupingPolicy('user^ann', 'role^reader', '*');
    await dataSource.runMigrations();
    await withApp(async (app) => {
      await app.assignments.remove(reader('ann'));
      await app.assignments.assign(reader('bob'));
      await legacy.enforcer.addGroupingPolicy('user^eve', 'role^reader', '*');
      expect(await adoptRules(app.dataSource)).toEqual({ trimmed: 0, folded: 0, recorded: 1 });
      expect(await adoptRules(app.dataSource)).toEqual({ trimmed: 0, folded: 0, recorded: 0 });
      const records = await app.records();
      expect(records.map(({ subject, operation, actor }) => [subject, operation, actor])).toEqual(
        expect.arrayContaining([
          ['user^ann', 'created', 'system^import'],
          ['user^ann', 'deleted', null],
          ['user^bob', 'created', null],
          ['user^eve', 'created', 'system^import'],
        ]),
      );
      expect(records).toHaveLength(4);
    });
  });

  it('takes keys without a namespace, which the option bareKeys lets the app find and remove', async () => {
    await legacy.enforcer.addGroupingPolicy('ann', 'admin', 'math');
    await dataSource.runMigrations();
    const ann = { subject: 'ann', role: 'admin', scope: 'math' };
    await withApp(async (app) => {
      await expect(app.assignments.remove(ann)).rejects.toThrow('assignment.subject: must have a namespace');
      await expect(app.trail.find({ subject: 'ann' })).rejects.toThrow('subject: must have a namespace');
    });
    await withApp(
      async (app) => {
        expect(await app.assignments.find({ subject: 'ann' })).toEqual([ann]);
        expect(await app.assignments.remove(ann)).toMatchObject({ changed: true });
        await app.relay.drained();
        const { items } = await app.trail.find({
          subject: 'ann',
          role: 'admin',
          scope: 'math',
          scopeNamespace: 'math',
        });
        expect(items.map(({ operation }) => operation)).toEqual(['deleted', 'created']);
      },
      { bareKeys: true },
    );
  });

  it('can be done again when the unique rule was lost: copies as they are stored are folded', async () => {
    await legacy.enforcer.addGroupingPolicy('user^ann', 'role^reader', '*');
    await dataSource.runMigrations();
    await dataSource.query('DROP INDEX casbin_rule_unique');
    await dataSource.query(
      `INSERT INTO casbin_rule (ptype, v0, v1, v2, v3) VALUES
         ('g', 'user^ann', 'role^reader', '*', NULL), ('g', 'user^ann', 'role^reader', '*', '')`,
    );
    expect(await adoptRules(dataSource)).toEqual({ trimmed: 0, folded: 1, recorded: 1 });
    expect(await dataSource.query('SELECT id, v3 FROM casbin_rule ORDER BY id')).toEqual([
      { id: 1, v3: null },
      { id: 3, v3: '' },
    ]);
  });

  it('keeps the app from starting until it has ended', async () => {
    await dataSource.runMigrations();
    await dataSource.query('UPDATE audit_adoption SET finished_at = NULL');
    await expect(startApp({ url: database.url })).rejects.toThrow(NotInstalledError);
    await expect(startApp({ url: database.url })).rejects.toThrow(/lacks the end of the adoption of casbin_rule/);
  });
});
