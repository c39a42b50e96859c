import type { DataSource } from 'typeorm';
import { type AuditRecord, grantsFor, type ImportedRule, PolicyImport } from 'grantlog';
import { ambientTransactions, inAmbientTransaction } from './support/ambient-transactions';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { factOf, mayRead, readerRule, rulesIn } from './support/facts';
import { Roles } from './support/roles';
import { Stranger } from './support/stranger';

const policy: ImportedRule = { ptype: 'p', values: ['role^reader', 'act^read', '*'] };
const readers = (...names: string[]): ImportedRule[] => names.map((name) => ({ ptype: 'g', values: readerRule(name) }));
const source = 'policy.csv';

let cluster: Cluster;
let roles: Roles;
beforeEach(async () => {
  cluster = await Cluster.create();
  roles = new Roles(cluster.database);
});
afterEach(async () => {
  await cluster.end();
  await roles.drop();
});

function importInto(app: TestApp, rules: readonly ImportedRule[], options: object = {}): Promise<number> {
  return app.nest.get(PolicyImport).import(rules, { source, ...options });
}

async function restart(app: TestApp): Promise<TestApp> {
  await cluster.close(app);
  return cluster.start();
}

async function ledgerOf(dataSource: DataSource): Promise<unknown[]> {
  return dataSource.query('SELECT source FROM audit_import UNION ALL SELECT source FROM audit_import_rule');
}

const facts = (records: readonly AuditRecord[]): string[] => records.map((record) => factOf(record).join(' ')).sort();

describe('an import', () => {
  it('adds rules as changes of system^import, in one operation, and they hold when it has ended', async () => {
    const app = await cluster.start();
    expect(await importInto(app, [policy, ...readers('ann', 'bob')])).toBe(3);
    expect([await mayRead(app, 'ann'), await mayRead(app, 'eve')]).toEqual([true, false]);
    const records = await app.records();
    expect(facts(records)).toEqual([
      'policy.created p role^reader act^read *',
      'role_assignment.created g user^ann role^reader *',
      'role_assignment.created g user^bob role^reader *',
    ]);
    for (const { actor, reason, operationId } of records) {
      expect({ actor, reason }).toEqual({ actor: 'system^import', reason: 'import of policy.csv' });
      expect(operationId).toBe(records[0]?.operationId);
    }
  });

  it('refuses a list with a gap, naming the place', async () => {
    const app = await cluster.start();
    const gap: ImportedRule[] = [policy];
    gap[2] = policy;
    await expect(importInto(app, gap)).rejects.toThrow(/^rules\[1\]: /);
    expect(await rulesIn(app.dataSource)).toEqual([]);
  });

  it('takes reasons, and the separator of the host', async () => {
    const app = await cluster.start({ grantlog: { separator: '::' } });
    await importInto(app, readers('ann'), { reason: 'release 7' });
    expect(await app.records()).toEqual([expect.objectContaining({ actor: 'system::import', reason: 'release 7' })]);
  });

  it('never brings back what was removed since, also after a restart', async () => {
    const first = await cluster.start();
    await importInto(first, readers('ann', 'bob'));
    await first.enforcer.deleteUser('user^ann');
    const second = await restart(first);
    expect(await importInto(second, readers('ann', 'bob'))).toBe(0);
    expect(await importInto(second, readers('ann', 'bob', 'cid'))).toBe(1);
    expect(await importInto(second, readers('ann'))).toBe(0);
    expect(await importInto(second, readers('ann', 'bob'))).toBe(0);
    expect(await second.enforcer.getGroupingPolicy()).toEqual([readerRule('bob'), readerRule('cid')]);
    expect((await second.records()).map(({ operation }) => operation)).toEqual([
      'created',
      'created',
      'deleted',
      'created',
    ]);
  });

  it('takes the same rules of another source for new ones', async () => {
    const app = await cluster.start();
    await importInto(app, readers('ann'));
    await app.enforcer.deleteUser('user^ann');
    expect(await importInto(app, readers('ann'), { source: 'restored.csv' })).toBe(1);
    expect(await app.enforcer.getGroupingPolicy()).toEqual([readerRule('ann')]);
  });

  it('leaves alone what is there already, and removes nothing that the source has no more', async () => {
    const app = await cluster.start();
    await app.enforcer.addGroupingPolicy(...readerRule('ann'));
    expect(await importInto(app, [...readers('ann', 'bob', 'bob')])).toBe(2);
    expect(facts(await app.records())).toHaveLength(2);
    await importInto(app, readers('cid'));
    expect(await app.enforcer.getGroupingPolicy()).toHaveLength(3);
  });

  it('is one import if several nodes make it at once, and each of them shows it when its own has ended', async () => {
    const first = await cluster.start(); // which makes the tables
    const nodes = [first, ...(await Promise.all([cluster.start(), cluster.start()]))];
    const rules = [policy, ...readers(...Array.from({ length: 200 }, (_, n) => `${n}`))];
    const imports = nodes.map(async (node) => {
      const added = await importInto(node, rules);
      expect([await mayRead(node, 0), await mayRead(node, 199)]).toEqual([true, true]);
      return added;
    });
    expect((await Promise.all(imports)).sort()).toEqual([0, 0, rules.length]);
    expect(await first.records()).toHaveLength(rules.length);
  });

  it('waits for another import of the same source, and not for one of another', async () => {
    const app = await cluster.start();
    await importInto(app, readers('ann'));
    const stranger = await Stranger.connect(cluster.database.url);
    try {
      await stranger.hold(`SELECT * FROM audit_import WHERE source = '${source}' FOR UPDATE`);
      const waiting = importInto(app, readers('bob'));
      await stranger.waitForBlocked('%audit_import%');
      expect(await importInto(app, readers('cid'), { source: 'other' })).toBe(1);
      expect(await rulesIn(app.dataSource)).toEqual([
        ['g', ...readerRule('ann')],
        ['g', ...readerRule('cid')],
      ]);
      await stranger.release();
      expect(await waiting).toBe(1);
    } finally {
      await stranger.end();
    }
  });

  it("needs no rights but those of the app's role, which cannot make it forget what it had", async () => {
    await cluster.close(await cluster.start()); // which makes the tables
    const role = await roles.create('app');
    await roles.administer(...grantsFor(role, cluster.database.name));
    const app = await cluster.start({ url: roles.urlAs(role), dataSource: { migrationsRun: false } });
    expect(await importInto(app, readers('ann'))).toBe(1);
    expect(await importInto(app, readers('ann', 'bob'))).toBe(1);
    await expect(app.dataSource.query('DELETE FROM audit_import_rule')).rejects.toThrow(/permission denied/);
  });

  it('goes beyond the limit of one call, in one operation all the same', async () => {
    const app = await cluster.start({ grantlog: { maxRules: 2 } });
    expect(await importInto(app, readers('a', 'b', 'c', 'd', 'e'))).toBe(5);
    expect(new Set((await app.records()).map(({ operationId }) => operationId)).size).toBe(1);
  });
});

describe('an import that fails', () => {
  it('leaves nothing behind if the database refuses one rule, and can be made again', async () => {
    const app = await cluster.start();
    await app.dataSource.query(`
      ALTER TABLE casbin_rule ADD CONSTRAINT nobody_bad CHECK (v0 <> 'user^bad');
      ALTER TABLE audit_outbox ADD CONSTRAINT nobody_worse CHECK (subject <> 'user^worse')`);
    await expect(importInto(app, [policy, ...readers('ann', 'bad')])).rejects.toThrow(/nobody_bad/);
    await expect(importInto(app, [policy, ...readers('ann', 'worse')])).rejects.toThrow(/nobody_worse/);
    expect([await rulesIn(app.dataSource), await ledgerOf(app.dataSource), await app.records()]).toEqual([[], [], []]);
    expect(await mayRead(app, 'ann')).toBe(false);
    await app.dataSource.query(`ALTER TABLE casbin_rule DROP CONSTRAINT nobody_bad`);
    expect(await importInto(app, [policy, ...readers('ann', 'bad')])).toBe(3);
    expect(await mayRead(app, 'bad')).toBe(true);
  });

  it('leaves nothing behind if the transaction around it is rolled back', async () => {
    const app = await cluster.start({ ...ambientTransactions, poolSize: 1 });
    const rollback = new Error('changed my mind');
    await expect(
      inAmbientTransaction(async () => {
        expect(await importInto(app, readers('ann'))).toBe(1);
        throw rollback;
      }),
    ).rejects.toBe(rollback);
    expect([await rulesIn(app.dataSource), await ledgerOf(app.dataSource)]).toEqual([[], []]);
    await inAmbientTransaction(() => importInto(app, readers('ann')));
    expect(await rulesIn(app.dataSource)).toEqual([['g', ...readerRule('ann')]]);
  });

  it.each<[string, unknown, object, RegExp]>([
    ['no list', {}, {}, /^rules: must be a list/],
    ['no rule', [policy, 7], {}, /^rules\[1\]: must be an object/],
    ['another form', [{ ptype: 'g', rule: [] }], {}, /^rules\[0\]\.rule: is not known here/],
    ['no values', [{ ptype: 'g' }], {}, /^rules\[0\]: must have a ptype/],
    ['an unknown type', [policy, { ptype: 'g7', values: ['a', 'b'] }], {}, /^rules\[1\]: the model defines no "g7"/],
    ['a missing value', [{ ptype: 'g', values: ['user^1', 'role^2'] }], {}, /^rules\[0\]: "g" takes 3 values/],
    ['an empty value', [{ ptype: 'g', values: ['user^1', '', '*'] }], {}, /^rules\[0\]\[1\]: must not be empty/],
    ['an empty source', [policy], { source: '' }, /^source: must not be empty/],
    ['a number for a source', [policy], { source: 7 }, /^source: must be text/],
    ['an option nobody knows', [policy], { actor: 'user^1' }, /^options\.actor: is not known here/],
    ['a reason that is none', [policy], { reason: 7 }, /^reason: must be text/],
  ])('names %s', async (_what, rules, options, complaint) => {
    const app = await cluster.start();
    await expect(importInto(app, rules as never, options)).rejects.toThrow(complaint);
    expect([await rulesIn(app.dataSource), await ledgerOf(app.dataSource)]).toEqual([[], []]);
  });
});
