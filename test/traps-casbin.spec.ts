import { type Enforcer, newEnforcer, newModelFromString } from 'casbin';
import { InvalidInputError } from 'grantlog';
import type { EntityManager } from 'typeorm';
import TypeORMAdapter from 'typeorm-adapter';
import type { TestApp } from './support/app';
import { MemoryAdapter } from './support/casbin-twin';
import { Cluster } from './support/cluster';
import { letReadersRead, reader, readerRule, rulesIn } from './support/facts';
import { scopedModel } from './support/models';
import { Stranger } from './support/stranger';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.create();
});
afterEach(() => cluster.end());

const groupings = async ({ enforcer }: Pick<TestApp, 'enforcer'>): Promise<string[]> =>
  (await enforcer.getGroupingPolicy()).map((rule) => rule.join()).sort();

/** Plain Casbin on a table of typeorm-adapter's; the table is given back to ours. */
async function withAdapter<T>(work: (adapter: TypeORMAdapter) => Promise<T>): Promise<T> {
  const adapter = await TypeORMAdapter.newAdapter({ type: 'postgres', url: cluster.database.url });
  try {
    return await work(adapter);
  } finally {
    await adapter.close();
  }
}

async function asStranger<T>(work: (stranger: Stranger) => Promise<T>): Promise<T> {
  const stranger = await Stranger.connect(cluster.database.url);
  try {
    return await work(stranger);
  } finally {
    await stranger.end();
  }
}

/** A policy whose first column has another name than `sub`. */
const withoutSub = (): ReturnType<typeof newModelFromString> =>
  newModelFromString(`
    [request_definition]
    r = who, act, scope
    [policy_definition]
    p = who, act, scope
    [role_definition]
    g = _, _, _
    [policy_effect]
    e = some(where (p.eft == allow))
    [matchers]
    m = g(r.who, p.who, r.scope) && r.act == p.act`);

describe('filters that take everything', () => {
  const rules = [readerRule('one'), readerRule('two')];

  it.each<[string, unknown[]]>([
    ['removeFilteredGroupingPolicy', [0, '']],
    ['removeFilteredGroupingPolicy', [1, '', '']],
    ['removeFilteredGroupingPolicy', [0]],
    ['removeFilteredPolicy', [0, '']],
    ['removeFilteredNamedGroupingPolicy', ['g', 0, '']],
  ])('an empty filter empties the table under typeorm-adapter; ours refuses %s%j', async (method, given) => {
    await withAdapter(async (adapter) => {
      const plain = await newEnforcer(scopedModel(), adapter);
      await plain.addPolicies([['role^reader', 'act^read', '*']]);
      await plain.addGroupingPolicies(rules);
      await (Reflect.get(plain, method) as (...given: unknown[]) => Promise<unknown>).apply(plain, given);
      await plain.loadPolicy();
      const emptied = method.includes('Grouping') ? await plain.getGroupingPolicy() : await plain.getPolicy();
      expect(emptied).toEqual([]);
    });
    const app = await cluster.start();
    await letReadersRead(app);
    await app.enforcer.addGroupingPoliciesEx(rules);
    const before = await rulesIn(app.dataSource);
    const call = (Reflect.get(app.enforcer, method) as (...given: unknown[]) => Promise<unknown>).apply(
      app.enforcer,
      given,
    );
    await expect(call).rejects.toThrow(InvalidInputError);
    expect(await rulesIn(app.dataSource)).toEqual(before);
    expect(before).toHaveLength(3);
  });

  it.each(['deleteUser', 'deleteRole', 'deletePermissionsForUser', 'deleteRolesForUser'])(
    '%s on a model whose p has no column sub finds no column to look in and takes everything; ours does not',
    async (method) => {
      const call = (enforcer: Enforcer): Promise<unknown> =>
        (Reflect.get(enforcer, method) as (name: string) => Promise<unknown>).call(enforcer, 'user^nobody');
      const app = await cluster.start({ grantlog: { model: withoutSub() } });
      await app.enforcer.addPolicy('role^reader', 'act^read', '*');
      await app.enforcer.addGroupingPolicies(rules);
      const before = await rulesIn(app.dataSource);
      await call(app.enforcer).catch((error: unknown) => expect(error).toBeInstanceOf(InvalidInputError));
      expect(await rulesIn(app.dataSource)).toEqual(before);
      expect(await groupings(app)).toEqual(rules.map((rule) => rule.join()));
      await withAdapter(async (adapter) => {
        await call(await newEnforcer(withoutSub(), adapter));
      });
      expect((await rulesIn(app.dataSource)).length).toBeLessThan(before.length);
    },
  );
});

describe('what an adapter answers', () => {
  const notImplemented = `
    CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not implemented'; END $$;
    CREATE TRIGGER fails BEFORE INSERT OR DELETE ON casbin_rule FOR EACH ROW EXECUTE FUNCTION fails()`;

  it("an error 'not implemented' is swallowed by Casbin, which then grants what was not saved; ours fails and grants nothing", async () => {
    const app = await cluster.start();
    await letReadersRead(app);
    await app.assignments.assign(reader('kept'));
    await asStranger((stranger) => stranger.query(notImplemented));
    await expect(app.enforcer.addGroupingPolicy(...readerRule('unsaved'))).rejects.toThrow('not implemented');
    await expect(app.enforcer.addGroupingPolicies([readerRule('unsaved')])).rejects.toThrow('not implemented');
    await expect(app.enforcer.removeGroupingPolicy(...readerRule('kept'))).rejects.toThrow('not implemented');
    expect(await groupings(app)).toEqual([readerRule('kept').join()]);
    await withAdapter(async (adapter) => {
      const plain = await newEnforcer(scopedModel(), adapter);
      expect(await plain.addGroupingPolicy(...readerRule('unsaved'))).toBe(true);
      expect(await plain.hasGroupingPolicy(...readerRule('unsaved'))).toBe(true);
    });
    expect((await rulesIn(app.dataSource)).filter(([ptype]) => ptype === 'g')).toEqual([['g', ...readerRule('kept')]]);
  });

  it('something thrown that is no Error is swallowed by Casbin too; ours passes it on and grants nothing', async () => {
    const thrown = 'a text, and no Error';
    const plainAdapter = new MemoryAdapter();
    jest.spyOn(plainAdapter, 'addPolicy').mockRejectedValue(thrown);
    const plain = await newEnforcer(scopedModel(), plainAdapter);
    expect(await plain.addGroupingPolicy(...readerRule('unsaved'))).toBe(true);
    let ambient: EntityManager | undefined;
    const app = await cluster.start({ grantlog: { transaction: () => ambient } });
    await app.dataSource.transaction(async (manager) => {
      ambient = manager;
      jest.spyOn(manager, 'query').mockRejectedValue(thrown);
      await expect(app.enforcer.addGroupingPolicy(...readerRule('unsaved'))).rejects.toBe(thrown);
      ambient = undefined;
    });
    expect(await rulesIn(app.dataSource)).toEqual([]);
    expect(await groupings(app)).toEqual([]);
  });

  it('that a removal was done says Casbin also where the table had no such row; ours says what the table says', async () => {
    const app = await cluster.start();
    await app.assignments.assign(reader('gone'));
    await app.records();
    await asStranger((stranger) => stranger.query('DELETE FROM casbin_rule')); // past everybody: no event tells of it
    expect(await app.enforcer.hasGroupingPolicy(...readerRule('gone'))).toBe(true);
    expect(await app.enforcer.removeGroupingPolicy(...readerRule('gone'))).toBe(false);
    expect(await app.enforcer.removeGroupingPolicies([readerRule('gone')])).toBe(false);
    expect(await app.enforcer.removeFilteredGroupingPolicy(0, 'user^gone')).toBe(false);
    expect(await app.records()).toHaveLength(1);
    await withAdapter(async (adapter) => {
      const plain = await newEnforcer(scopedModel(), adapter);
      await plain.addGroupingPolicy(...readerRule('gone'));
      await asStranger((stranger) => stranger.query('DELETE FROM casbin_rule'));
      expect(await plain.removeGroupingPolicy(...readerRule('gone'))).toBe(true);
    });
  });

  it.each<[string, unknown[]]>([
    ['removeFilteredGroupingPolicy', [1, 'role^reader']],
    ['deleteRole', ['role^reader']],
    ['deleteUser', ['user^both']],
  ])(
    'bulk removals answer one boolean: the log tells every rule that went by %s, as one operation',
    async (method, given) => {
      const app = await cluster.start();
      await app.enforcer.addPolicies([
        ['role^reader', 'act^read', '*'],
        ['user^both', 'act^read', '*'],
      ]);
      await app.assignments.assign([reader('one'), reader('both'), reader('both', 'lib^1')]);
      const before = await rulesIn(app.dataSource);
      const known = (await app.records()).length;
      const call = Reflect.get(app.enforcer, method) as (...given: unknown[]) => Promise<boolean>;
      expect(await call.apply(app.enforcer, given)).toBe(true);
      const left = new Set((await rulesIn(app.dataSource)).map((rule) => rule.join()));
      const gone = before.filter((rule) => !left.has(rule.join())).map((rule) => rule.join());
      const records = (await app.records()).slice(known);
      expect(records.map(({ details }) => [details.ptype, ...(details.rule ?? [])].join()).sort()).toEqual(gone);
      expect(new Set(records.map(({ operationId }) => operationId)).size).toBe(1);
      expect(new Set(records.map(({ operation }) => operation))).toEqual(new Set(['deleted']));
      expect(gone.length).toBeGreaterThan(1);
    },
  );
});

it('savePolicy empties the table first under typeorm-adapter, and leaves it empty when the rest fails; ours changes nothing', async () => {
  const app = await cluster.start();
  await letReadersRead(app);
  await app.assignments.assign(reader('kept'));
  await asStranger((stranger) =>
    stranger.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON casbin_rule FOR EACH ROW WHEN (NEW.v0 = 'user^refused') EXECUTE FUNCTION refuse()`),
  );
  const before = await rulesIn(app.dataSource);
  app.enforcer.getModel().removePolicy('g', 'g', readerRule('kept'));
  app.enforcer.getModel().addPolicy('g', 'g', readerRule('refused'));
  await expect(app.enforcer.savePolicy()).rejects.toThrow('refused');
  expect(await rulesIn(app.dataSource)).toEqual(before);
  expect(await app.records()).toHaveLength(2);
  await withAdapter(async (adapter) => {
    const plain = await newEnforcer(scopedModel(), adapter);
    plain.getModel().addPolicy('g', 'g', readerRule('refused'));
    await expect(plain.savePolicy()).rejects.toThrow('refused');
  });
  expect(await rulesIn(app.dataSource)).toEqual([]);
});

describe('rules that text cannot hold', () => {
  const odd = [
    ['role^reader', 'act^read', ''],
    ['role^reader', '', ' lib^with blanks '],
    ['role^"quoted"', 'act^read)', 'lib^(bracket'],
  ];

  it('blanks are trimmed, an empty value is lost and a bracket breaks the loading of typeorm-adapter; ours loads what was saved', async () => {
    const app = await cluster.start();
    for (const rule of odd) expect(await app.enforcer.addPolicy(...rule)).toBe(true);
    await app.enforcer.loadPolicy();
    const other = await cluster.start();
    for (const node of [app, other]) expect(await node.enforcer.getPolicy()).toEqual(odd);
    await withAdapter(async (adapter) => {
      await expect(newEnforcer(scopedModel(), adapter)).rejects.toThrow();
      await app.enforcer.removePolicy(...(odd[2] ?? []));
      expect(await (await newEnforcer(scopedModel(), adapter)).getPolicy()).not.toEqual(odd.slice(0, 2));
    });
  });
});

describe('a hundred thousand rules', () => {
  it('getGroupingPolicy throws in plain Casbin at 200,000 rules; ours answers', async () => {
    const app = await cluster.start();
    await asStranger((stranger) =>
      stranger.query(`INSERT INTO casbin_rule (ptype, v0, v1, v2)
        SELECT 'g', 'user^' || n, 'role^reader', 'lib^1' FROM generate_series(1, 200000) AS n`),
    );
    await app.enforcer.loadPolicy();
    expect(await app.enforcer.getGroupingPolicy()).toHaveLength(200_000);
    const rows = Array.from({ length: 200_000 }, (_, n) => ['g', `user^${n + 1}`, 'role^reader', 'lib^1'] as const);
    const plain = await newEnforcer(scopedModel(), new MemoryAdapter(rows));
    await expect(plain.getGroupingPolicy()).rejects.toThrow('Maximum call stack size exceeded');
  });
});
