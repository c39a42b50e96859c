import { AsyncLocalStorage } from 'node:async_hooks';
import { CachedEnforcer, Enforcer, type Model, newModelFromString, SyncedEnforcer } from 'casbin';
import { audited, AuditedEnforcer, type EnforcerClass, UnauditedCallError } from 'grantlog';
import { resolveOptions } from '../libs/grantlog/src/grantlog.options';
import { ambientTransactions, inAmbientTransaction } from './support/ambient-transactions';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { letReadersRead, mayRead, operationsOf, reader, readerRule, rulesIn } from './support/facts';
import { Stranger } from './support/stranger';
import { untilSo } from './support/until';

/** A class of the host, made of Casbin's. */
class Observed extends CachedEnforcer {
  readonly added: string[][] = [];

  override async addNamedGroupingPolicy(ptype: string, ...rule: string[]): Promise<boolean> {
    this.added.push(rule);
    return super.addNamedGroupingPolicy(ptype, ...rule);
  }
}

class OwnAudited extends AuditedEnforcer {
  readonly isOwn = true;
}

const classes: [string, EnforcerClass][] = [
  ['Enforcer', Enforcer],
  ['SyncedEnforcer', SyncedEnforcer],
  ['CachedEnforcer', CachedEnforcer],
  ['a subclass of the host', Observed],
  ['a subclass of AuditedEnforcer', OwnAudited],
];

/** Runs work as if nobody had opened a transaction around it. */
const inNoTransaction = AsyncLocalStorage.snapshot() as <T>(work: () => T) => T;

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.create();
});
afterEach(() => cluster.end());

async function start(enforcerClass: EnforcerClass | undefined, grantlog: object = {}): Promise<TestApp> {
  const app = await cluster.start({
    ...ambientTransactions,
    grantlog: { ...ambientTransactions.grantlog, ...grantlog, enforcerClass },
  });
  await letReadersRead(app);
  return app;
}

describe.each(classes)('an audited enforcer made of %s', (_name, enforcerClass) => {
  it('is one of its class, and of its audited class', async () => {
    const { enforcer } = await start(enforcerClass);
    expect(enforcer).toBeInstanceOf(enforcerClass);
    expect(enforcer).toBeInstanceOf(audited(enforcerClass));
  });

  it('writes what it is told, records it, and answers by it', async () => {
    const app = await start(enforcerClass);
    const { enforcer } = app;
    expect(await mayRead(app, 'ann')).toBe(false);
    expect(await enforcer.addGroupingPolicy(...readerRule('ann'))).toBe(true);
    expect(await enforcer.hasGroupingPolicy(...readerRule('ann'))).toBe(true);
    expect([await mayRead(app, 'ann'), enforcer.enforceSync('user^ann', 'act^read', '*')]).toEqual([true, true]);
    expect(await enforcer.updateGroupingPolicy(readerRule('ann'), readerRule('bob'))).toBe(true);
    expect([await mayRead(app, 'ann'), await mayRead(app, 'bob')]).toEqual([false, true]);
    expect(await enforcer.removeFilteredGroupingPolicy(0, 'user^bob')).toBe(true);
    expect(await mayRead(app, 'bob')).toBe(false);
    expect(await enforcer.addGroupingPolicies([readerRule('ann')])).toBe(true);
    expect(await enforcer.removePolicy('role^reader', 'act^read', '*')).toBe(true);
    expect(await mayRead(app, 'ann')).toBe(false);
    await enforcer.loadPolicy();
    expect(await enforcer.getGroupingPolicy()).toEqual([readerRule('ann')]);
    expect(await rulesIn(app.dataSource)).toEqual([['g', ...readerRule('ann')]]);
    expect(await operationsOf(app, 'ann')).toEqual(['created', 'deleted', 'created']);
    expect(await operationsOf(app, 'bob')).toEqual(['created', 'deleted']);
  });

  it('refuses what cannot be audited', async () => {
    const { enforcer } = await start(enforcerClass);
    await expect(enforcer.selfAddPolicy('g', 'g', readerRule('ann'))).rejects.toThrow(UnauditedCallError);
    expect(() => enforcer.clearPolicy()).toThrow(UnauditedCallError);
    expect(() => enforcer.enableAutoSave(false)).toThrow(UnauditedCallError);
  });

  it('finishes calls of all kinds that come at once', async () => {
    const app = await start(enforcerClass);
    const { enforcer } = app;
    const names = Array.from({ length: 20 }, (_, n) => `at-once-${n}`);
    const calls = names.flatMap((name): Promise<unknown>[] => [
      enforcer.addRoleForUser(`user^${name}`, 'role^reader', '*'),
      enforcer.addPolicies([['role^reader', `act^${name}`, '*']]),
      enforcer.updateGroupingPolicy(readerRule(name), readerRule(`${name}-2`)),
      enforcer.removeFilteredPolicy(1, `act^${name}`),
      enforcer.deleteUser(`user^${name}`),
      enforcer.getGroupingPolicy(),
      enforcer.loadPolicy(),
      mayRead(app, name),
      inAmbientTransaction(async () => {
        await enforcer.addGroupingPolicy(...readerRule(`${name}-inside`));
        await mayRead(app, name);
        await enforcer.deleteRolesForUser(`user^${name}-inside`);
      }),
    ]);
    await Promise.all(calls);
    await enforcer.loadPolicy();
    const table = (await rulesIn(app.dataSource)).filter(([ptype]) => ptype === 'g').map(([, ...rule]) => rule.join());
    expect((await enforcer.getGroupingPolicy()).map((rule) => rule.join()).sort()).toEqual(table.sort());
  });

  it('makes nobody wait while a call waits for a locked row, least of all who has locked it', async () => {
    const app = await start(enforcerClass);
    const { enforcer } = app;
    const stranger = await Stranger.connect(cluster.database.url);
    try {
      let waiting: Promise<boolean> | undefined;
      await enforcer.addGroupingPolicy(...readerRule('known'));
      await inAmbientTransaction(async () => {
        await enforcer.addGroupingPolicy(...readerRule('locked'));
        waiting = inNoTransaction(() => enforcer.addGroupingPolicy(...readerRule('locked')));
        await stranger.waitForBlocked('%casbin_rule%');
        expect(await mayRead(app, 'known')).toBe(true);
        expect(await enforcer.hasGroupingPolicy(...readerRule('known'))).toBe(true);
        expect(await enforcer.addGroupingPolicy(...readerRule('second'))).toBe(true);
      });
      expect(await waiting).toBe(false); // it was there as soon as that was committed
    } finally {
      await stranger.end();
    }
  });
});

describe('the option enforcerClass', () => {
  it('is Enforcer by default', async () => {
    const { enforcer } = await start(undefined);
    expect(enforcer).toBeInstanceOf(AuditedEnforcer);
    expect(audited(Enforcer)).toBe(AuditedEnforcer);
  });

  it('leaves what a class of the host does besides', async () => {
    const { enforcer } = await start(Observed);
    await enforcer.addRoleForUser('user^ann', 'role^reader', '*');
    expect((enforcer as unknown as Observed).added).toEqual([readerRule('ann')]);
  });

  it.each<[string, unknown]>([
    ['another class', Stranger],
    ['an object', {}],
    ['a name', 'SyncedEnforcer'],
    ['an enforcer', new Enforcer()],
  ])('refuses %s', (_name, enforcerClass) => {
    expect(() => resolveOptions({ model: 'model.conf', enforcerClass: enforcerClass as never })).toThrow(
      /^GrantlogModule option enforcerClass: must be Casbin's Enforcer/,
    );
  });
});

/** A promise that is kept by hand. */
class Signal<T> {
  give!: (value: T) => void;
  readonly given = new Promise<T>((resolve) => (this.give = resolve));
}

describe('what a CachedEnforcer remembers', () => {
  /** Asked by the matcher after the roles, at every decision that is not remembered. */
  let asked: jest.Mock<boolean | Promise<boolean>>;
  const model = (): Model =>
    newModelFromString(`
[request_definition]
r = sub, act, scope
[policy_definition]
p = sub, act, scope
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub, r.scope) && asked()`);

  async function startCached(): Promise<TestApp> {
    asked = jest.fn(() => true);
    const app = await start(CachedEnforcer, { model: model() });
    await app.enforcer.addFunction('asked', () => asked());
    await app.assignments.assign([reader('ann'), reader('bob')]);
    return app;
  }

  it('is remembered', async () => {
    const app = await startCached();
    for (let time = 0; time < 3; time += 1) expect(await mayRead(app, 'ann')).toBe(true);
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it('is forgotten when this node changes something', async () => {
    const app = await startCached();
    const changes: [() => Promise<unknown>, boolean][] = [
      [() => app.assignments.remove(reader('ann')), false],
      [() => app.enforcer.addRoleForUser('user^ann', 'role^reader', '*'), true],
      [() => app.enforcer.updatePolicy(['role^reader', 'act^read', '*'], ['role^other', 'act^read', '*']), false],
      [() => app.enforcer.addPolicies([['role^reader', 'act^read', '*']]), true],
      [() => app.enforcer.deleteUser('user^ann'), false],
    ];
    expect(await mayRead(app, 'ann')).toBe(true);
    for (const [change, allowed] of changes) {
      await change();
      expect([await mayRead(app, 'ann'), await mayRead(app, 'ann')]).toEqual([allowed, allowed]);
    }
  });

  it('is forgotten when another node changes something, and when a transaction commits', async () => {
    const app = await startCached();
    const other = await cluster.start();
    expect([await mayRead(app, 'ann'), await mayRead(app, 'bob')]).toEqual([true, true]);
    await other.assignments.remove(reader('ann'));
    await untilSo(async () => !(await mayRead(app, 'ann')));
    await inAmbientTransaction(() => app.assignments.remove(reader('bob')));
    await untilSo(async () => !(await mayRead(app, 'bob')));
  });

  it('is never what a decision found that memory has overtaken', async () => {
    const app = await startCached();
    const goesOn = new Signal<boolean>();
    asked.mockImplementationOnce(() => goesOn.given);
    const overtaken = mayRead(app, 'ann');
    await untilSo(() => asked.mock.calls.length === 1); // Ann has the role, as far as this decision knows
    await app.assignments.remove(reader('ann'));
    expect(await mayRead(app, 'ann')).toBe(false);
    goesOn.give(true);
    expect(await overtaken).toBe(true);
    expect(await mayRead(app, 'ann')).toBe(false);
  });

  it('is remembered again when the decisions that memory has overtaken have ended', async () => {
    const app = await startCached();
    const goesOn = new Signal<boolean>();
    asked.mockImplementationOnce(() => goesOn.given);
    asked.mockImplementationOnce(() => Promise.reject(new Error('nobody knows')));
    const overtaken = [mayRead(app, 'ann'), mayRead(app, 'bob')];
    await untilSo(() => asked.mock.calls.length === 2);
    await expect(overtaken[1]).rejects.toThrow('nobody knows');
    await app.assignments.assign(reader('new'));
    goesOn.give(true);
    expect(await overtaken[0]).toBe(true);
    asked.mockClear();
    for (let time = 0; time < 3; time += 1) expect(await mayRead(app, 'ann')).toBe(true);
    expect(asked).toHaveBeenCalledTimes(1);
  });
});
