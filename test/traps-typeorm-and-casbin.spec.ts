import {
  AuditedEnforcer,
  grantlogEntities,
  grantlogMigrations,
  InvalidInputError,
  NotInstalledError,
  UnauditedCallError,
} from 'grantlog';
import { DataSource } from 'typeorm';
import TypeORMAdapter from 'typeorm-adapter';
import { refusedCalls } from '../libs/grantlog/src/enforcer/refused-calls';
import { startApp, type TestApp } from './support/app';
import { connect, createDatabase, type TestDatabase } from './support/database';
import { atRest, factOf, letReadersRead, mayRead, reader, readerRule, rulesIn } from './support/facts';
import { scopedModel } from './support/models';
import { undoThrough } from './support/undo';

let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase();
});
afterEach(() => database.drop());

async function withApp(
  options: Partial<Parameters<typeof startApp>[0]>,
  work: (app: TestApp) => Promise<void>,
): Promise<void> {
  const app = await startApp({ url: database.url, ...options });
  try {
    await work(app);
  } finally {
    await app.close();
  }
}

describe('traps of Casbin and typeorm-adapter', () => {
  it('back doors that grant without a record are refused and change neither table nor memory', async () => {
    await withApp({}, async (app) => {
      await letReadersRead(app);
      await app.assignments.assign([reader('one'), reader('two')]);
      const { enforcer } = app;
      const everything = async (): Promise<unknown> => ({
        table: await rulesIn(app.dataSource),
        memory: [await enforcer.getPolicy(), await enforcer.getGroupingPolicy()],
        granted: [await mayRead(app, 'one'), await mayRead(app, 'back-door')],
        records: (await app.records()).map(factOf),
        adapter: enforcer.getAdapter(),
        model: enforcer.getModel(),
      });
      const before = await everything();
      const adapter = enforcer.getAdapter();
      const doors: [string, () => unknown][] = [
        ...Object.keys(refusedCalls).map((call): [string, () => unknown] => {
          const method = Reflect.get(enforcer, call) as (...given: unknown[]) => unknown;
          expect([call, typeof method]).toEqual([call, 'function']);
          return [call, () => method.call(enforcer, 'g', 'g', readerRule('back-door'), readerRule('one'))];
        }),
        ['enableAutoSave(false)', () => enforcer.enableAutoSave(false)],
        ['adapter.savePolicy', () => adapter.savePolicy(scopedModel())],
        ['adapter.loadPolicy', () => adapter.loadPolicy(enforcer.getModel())],
        ['adapter.addPolicy', () => adapter.addPolicy('g', 'g', readerRule('back-door'))],
        ['adapter.removePolicy', () => adapter.removePolicy('g', 'g', readerRule('one'))],
        ['adapter.removeFilteredPolicy', () => adapter.removeFilteredPolicy('g', 'g', 0, '')],
      ];
      for (const [door, open] of doors) {
        const outcome = await (async () => open())().then(
          () => 'was open',
          (error: unknown) => error,
        );
        expect([door, outcome]).toEqual([door, expect.any(UnauditedCallError)]);
      }
      enforcer.enableAutoSave(true);
      expect(await everything()).toEqual(before);
      expect(enforcer).toBeInstanceOf(AuditedEnforcer);
    });
  });

  it("'' is a wildcard of Casbin's filters: refused in removeAll, as are empty filters", async () => {
    await withApp({}, async (app) => {
      await app.assignments.assign(reader('kept'));
      const filters = [{}, { subject: '' }, { role: '' }, { scope: '' }, { subject: '', role: 'role^reader' }];
      for (const filter of filters) await expect(app.assignments.removeAll(filter)).rejects.toThrow(InvalidInputError);
      expect(await app.assignments.find()).toEqual([reader('kept')]);
    });
  });

  it('an exact removal is not a prefix delete: a shorter rule takes no longer one with it', async () => {
    await withApp({}, async (app) => {
      await letReadersRead(app);
      await app.assignments.assign([reader('kept', 'lib^1'), reader('kept', 'lib^2')]);
      expect(await app.enforcer.removeGroupingPolicy('user^kept', 'role^reader')).toBe(false);
      expect(await app.enforcer.removePolicy('role^reader', 'act^read')).toBe(false);
      expect(await app.enforcer.removeNamedGroupingPolicy('g', 'user^kept')).toBe(false);
      expect(await rulesIn(app.dataSource)).toHaveLength(3);
    });
  });

  it('the same holds for what typeorm-adapter has left behind: it is adopted in place, and removed by its exact row', async () => {
    const adapter = await TypeORMAdapter.newAdapter({ type: 'postgres', url: database.url });
    await adapter.addPolicy('p', 'p', ['role^reader', 'act^read', '*']);
    await adapter.addPolicies('g', 'g', [readerRule('old', 'lib^1'), ['user^old', 'role^reader']]);
    await adapter.close();
    await withApp({}, async (app) => {
      expect(await rulesIn(app.dataSource)).toHaveLength(3);
      expect(await mayRead(app, 'old', 'lib^1')).toBe(true);
      expect(await app.enforcer.removeGroupingPolicy('user^old', 'role^reader')).toBe(true);
      expect(await mayRead(app, 'old', 'lib^1')).toBe(true);
      expect((await app.assignments.remove(reader('old', 'lib^1'))).changed).toBe(true);
      expect(await mayRead(app, 'old', 'lib^1')).toBe(false);
      expect((await app.records()).map(factOf)).toEqual([
        ['policy.created', 'p', 'role^reader', 'act^read', '*'],
        ['role_assignment.created', 'g', ...readerRule('old', 'lib^1')],
        ['role_assignment.created', 'g', 'user^old', 'role^reader'],
        ['role_assignment.deleted', 'g', 'user^old', 'role^reader'],
        ['role_assignment.deleted', 'g', ...readerRule('old', 'lib^1')],
      ]);
    });
  });

  it('a glob grants nothing until domain matching is installed: scopeMatching installs it', async () => {
    const grants = async (scopeMatching: 'exact' | 'glob'): Promise<boolean[]> => {
      let answers: boolean[] = [];
      await withApp({ grantlog: { scopeMatching } }, async (app) => {
        await letReadersRead(app);
        await app.assignments.assign([reader('glob', 'lib^lib:Org1:*'), reader('everywhere')]);
        answers = await Promise.all([
          mayRead(app, 'glob', 'lib^lib:Org1:math'),
          mayRead(app, 'glob', 'lib^lib:Org2:math'),
          mayRead(app, 'everywhere', 'lib^lib:Org2:math'),
        ]);
      });
      return answers;
    };
    expect(await grants('exact')).toEqual([false, false, false]);
    expect(await grants('glob')).toEqual([true, false, true]);
  });
});

it('typeorm-adapter fails for 20,000 rules in one call, and ours writes them', async () => {
  const rules = Array.from({ length: 20_000 }, (_, at) => readerRule(at, 'lib^one'));
  const adapter = await TypeORMAdapter.newAdapter({ type: 'postgres', url: database.url });
  try {
    await expect(adapter.addPolicies('g', 'g', rules)).rejects.toThrow('bind message');
  } finally {
    await adapter.close();
  }
  await withApp({}, async ({ enforcer }) => {
    expect(await enforcer.addGroupingPolicies(rules)).toBe(true);
    expect(await enforcer.getGroupingPolicy()).toHaveLength(20_000);
  });
});

describe('traps of TypeORM', () => {
  it("calls inside the caller's transaction take no second connection: a pool of one does not stand still", async () => {
    await withApp({ poolSize: 1 }, async (app) => {
      await app.dataSource.transaction(async (manager) => {
        await app.assignments.assign(reader('one'), { manager });
        await manager.transaction((inner) => app.assignments.assign(reader('two'), { manager: inner }));
        await app.assignments.remove(reader('one'), { manager });
        await app.assignments.removeAll({ subject: 'user^two' }, { manager });
        await app.assignments.assign(reader('three'), { manager });
      });
      await app.enforcer.addGroupingPolicies([readerRule('four')]);
      await atRest(app);
      expect(await app.enforcer.getFilteredGroupingPolicy(0, 'user^three')).toEqual([readerRule('three')]);
      expect(await app.records()).toHaveLength(7); // one of them is the marker of atRest
    });
  });

  it('16 callers in transactions on a pool of 10 all finish', async () => {
    await withApp({ poolSize: 10 }, async (app) => {
      const callers = Array.from({ length: 16 }, (_, n) =>
        app.dataSource.transaction(async (manager) => {
          await app.assignments.assign(reader(`caller-${n}`), { manager });
          await manager.transaction((inner) => app.assignments.assign(reader(`inner-${n}`), { manager: inner }));
        }),
      );
      await Promise.all(callers);
      expect(await app.records()).toHaveLength(32);
    });
  });

  it('a manager whose transaction has ended, or of another DataSource, is refused', async () => {
    await withApp({}, async (app) => {
      const ended = await app.dataSource.transaction(async (manager) => manager);
      await expect(app.assignments.assign(reader('late'), { manager: ended })).rejects.toThrow(InvalidInputError);
      const other = await connect(database.url);
      const elsewhere = other.transaction((manager) => app.assignments.assign(reader('elsewhere'), { manager }));
      await expect(elsewhere).rejects.toThrow(InvalidInputError);
      const alone = app.assignments.assign(reader('elsewhere'), { manager: other.manager });
      await expect(alone).rejects.toThrow(InvalidInputError);
      await other.destroy();
      expect(await rulesIn(app.dataSource)).toEqual([]);
    });
  });

  it('synchronize drops the indexes, checks and defaults it does not know: with grantlogEntities it plans nothing', async () => {
    const schema = async (on: DataSource): Promise<unknown> =>
      on.query(`
        SELECT 'index' AS kind, indexdef AS text FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT 'constraint', conname || pg_get_constraintdef(oid) FROM pg_constraint
        UNION ALL SELECT 'trigger', tgname || tgenabled::text FROM pg_trigger
        UNION ALL SELECT 'view', viewname FROM pg_views WHERE schemaname = 'public'
        UNION ALL SELECT 'column', concat_ws(' ', table_name, column_name, data_type, is_nullable, collation_name, column_default)
          FROM information_schema.columns WHERE table_schema = 'public'
        ORDER BY 1, 2`);
    const installed = await connect(database.url);
    const before = await schema(installed);
    expect(before).not.toEqual([]);
    await installed.destroy();
    const options = { type: 'postgres', url: database.url, entities: grantlogEntities, synchronize: true } as const;
    const synchronized = await new DataSource(options).initialize();
    expect(await schema(synchronized)).toEqual(before);
    expect((await synchronized.driver.createSchemaBuilder().log()).upQueries).toEqual([]);
    await synchronized.destroy();
  });

  describe('migrations', () => {
    const tables = `SELECT tablename FROM pg_tables WHERE tablename LIKE 'audit%' OR tablename = 'casbin_rule' ORDER BY 1`;

    it('run and are reverted while the log is empty; the rules stay', async () => {
      const dataSource = await connect(database.url);
      await dataSource.query(`INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'a', 'b', 'c')`);
      await undoThrough(dataSource, 'GrantlogInstall');
      expect(await dataSource.query(tables)).toEqual([{ tablename: 'casbin_rule' }]);
      await dataSource.runMigrations();
      expect(await rulesIn(dataSource)).toEqual([['g', 'a', 'b', 'c']]);
      await dataSource.destroy();
    });

    it('refuse to be reverted on a log with records', async () => {
      await withApp({}, async (app) => {
        await app.assignments.assign(reader('recorded'));
        await app.relay.drained();
        await undoThrough(app.dataSource, 'GrantlogAdopt'); // casbin_rule is given back; the log stays
        await expect(app.dataSource.undoLastMigration()).rejects.toThrow('audit_record holds 1 records');
        expect(await app.records()).toHaveLength(1);
      });
    });

    it('refuse to be reverted while the outbox holds what is not recorded yet', async () => {
      const dataSource = await connect(database.url);
      await dataSource.query(
        `INSERT INTO audit_outbox (type, operation, outcome, subject, operation_id, details)
         VALUES ('policy.created', 'created', 'success', 'role^reader', gen_random_uuid(), '{}')`,
      );
      await undoThrough(dataSource, 'GrantlogAdopt');
      await expect(dataSource.undoLastMigration()).rejects.toThrow(/outbox/);
      expect(await dataSource.query('SELECT subject FROM audit_outbox')).toEqual([{ subject: 'role^reader' }]);
      await dataSource.destroy();
    });

    it('are named by the app that starts without them', async () => {
      const dataSource = { migrationsRun: false, migrations: grantlogMigrations };
      await expect(startApp({ url: database.url, dataSource })).rejects.toThrow(NotInstalledError);
      await expect(startApp({ url: database.url, dataSource })).rejects.toThrow(
        /lacks casbin_rule.*grantlogMigrations/,
      );
    });
  });
});
