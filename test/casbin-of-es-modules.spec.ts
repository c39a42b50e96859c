import * as required from 'casbin';
import type { Enforcer, Model } from 'casbin';
import { audited, AuditedEnforcer, type EnforcerClass, UnauditedCallError } from 'grantlog';
import { denyWhileStale } from '../libs/grantlog/src/enforcer/stale-denial';
import { resolveOptions } from '../libs/grantlog/src/grantlog.options';
import type { TestApp } from './support/app';
import { casbinOfEsModules as imported, casbinWithout } from './support/casbin-of-es-modules';
import { Cluster } from './support/cluster';
import { mayRead, operationsOf, reader, readerRule } from './support/facts';

/** By the second matcher only root may. */
const twoMatchers = `
[request_definition]
r = sub, act, scope
[policy_definition]
p = sub, act, scope
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub, r.scope) && keyMatch(r.scope, p.scope) && r.act == p.act
m2 = r.sub == "user^root"`;
const model = (): Model => imported.newModelFromString(twoMatchers);

/** A class of the host's. */
class Observed extends imported.CachedEnforcer {
  readonly added: string[][] = [];

  override async addNamedGroupingPolicy(ptype: string, ...rule: string[]): Promise<boolean> {
    this.added.push(rule);
    return super.addNamedGroupingPolicy(ptype, ...rule);
  }
}

/** What Casbin's own class consists of, and still not that: it is the host's. */
class Redis extends imported.Enforcer {
  static canCache = Reflect.get(imported.CachedEnforcer, 'canCache') as unknown;
  static getCacheKey = Reflect.get(imported.CachedEnforcer, 'getCacheKey') as unknown;
}
for (const name of ['invalidateCache', 'setEnableCache', 'getCache', 'setCache', 'enforce']) {
  const value: unknown = Reflect.get(imported.CachedEnforcer.prototype, name);
  Object.defineProperty(Redis.prototype, name, { value, configurable: true, writable: true });
}

const builtIn = ['Enforcer', 'CachedEnforcer', 'SyncedEnforcer'] as const;

it('is another build than the one that Grantlog has', () => {
  for (const name of builtIn) expect(imported[name]).not.toBe(required[name]);
  expect(new imported.Enforcer()).not.toBeInstanceOf(required.Enforcer);
});

describe('with what ES modules import from casbin', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.create();
  });
  afterEach(() => cluster.end());

  /** Decides, remembers and forgets what an audited enforcer must. */
  async function expectAudited(app: TestApp, held: Enforcer = app.enforcer): Promise<void> {
    await app.enforcer.addPolicy('role^reader', 'act^read', '*');
    expect(await mayRead(app, 'ann')).toBe(false);
    expect(await held.addGroupingPolicy(...readerRule('ann'))).toBe(true);
    expect([await mayRead(app, 'ann'), await held.enforce('user^ann', 'act^read', '*')]).toEqual([true, true]);
    expect(app.enforcer.enforceSync('user^ann', 'act^read', '*')).toBe(true);
    await app.assignments.remove(reader('ann'));
    expect([await mayRead(app, 'ann'), await held.enforce('user^ann', 'act^read', '*')]).toEqual([false, false]);
    expect(await operationsOf(app, 'ann')).toEqual(['created', 'deleted']);
    await expect(held.selfAddPolicy('g', 'g', readerRule('ann'))).rejects.toThrow(UnauditedCallError);
    expect(() => held.clearPolicy()).toThrow(UnauditedCallError);
  }

  it.each(builtIn)('enforcerClass: %s is the same class as the one that is required', async (name) => {
    const app = await cluster.start({ grantlog: { model: model(), enforcerClass: imported[name] } });
    expect(audited(imported[name])).toBe(audited(required[name]));
    expect(app.enforcer).toBeInstanceOf(audited(imported[name]));
    expect(app.enforcer).toBeInstanceOf(required[name]);
    await expectAudited(app);
  });

  it.each(builtIn)('enforcer: one of %s leads to the audited one', async (name) => {
    const own = await imported.newEnforcerWithClass(imported[name], model());
    await own.addFunction('never', () => false);
    const app = await cluster.start({ grantlog: { model: undefined, enforcer: own } });
    expect(app.enforcer).toBeInstanceOf(audited(required[name]));
    await expectAudited(app, own);
  });

  it('takes over the rules, matching functions and effector of an enforcer', async () => {
    const rules = new imported.StringAdapter('p, role^reader, act^read, lib^*\ng, user^ann, role^reader, lib^*');
    const own = await imported.newEnforcer(model(), rules);
    await own.addNamedDomainMatchingFunc('g', imported.Util.keyMatchFunc);
    own.setEffector(new imported.DefaultEffector());
    const app = await cluster.start({ grantlog: { model: undefined, enforcer: own } });
    expect([await mayRead(app, 'ann', 'lib^1'), await mayRead(app, 'ann', 'org^1')]).toEqual([true, false]);
    expect((await app.records()).map(({ actor }) => actor)).toEqual(['system^import', 'system^import']);
  });

  it.each<[string, EnforcerClass<Enforcer>]>([
    ['that overrides methods', Observed],
    ['of the same methods as one of Casbin’s', Redis],
    ['of its audited class', audited(Observed)],
  ])('a class of the host %s is used as it is', async (_what, enforcerClass) => {
    const app = await cluster.start({ grantlog: { model: model(), enforcerClass } });
    expect(app.enforcer).toBeInstanceOf(enforcerClass);
    await expectAudited(app);
    if (app.enforcer instanceof Observed) expect(app.enforcer.added).toEqual([readerRule('ann')]);
  });

  it('says where to take SyncedEnforcer from, if a class made of it finds no lock', async () => {
    class Locked extends imported.SyncedEnforcer {
      constructor() {
        super();
        throw new TypeError('AwaitLock is not a constructor'); // as it is where import takes modules as Node.js does
      }
    }
    await expect(cluster.start({ grantlog: { model: model(), enforcerClass: Locked } })).rejects.toThrow(
      /^enforcerClass: Locked cannot be constructed.*AwaitLock.*createRequire\(import\.meta\.url\)\('casbin'\)/,
    );
  });

  it.each<[string, EnforcerClass<Enforcer>]>([
    ['required', required.Enforcer],
    ['of the host', Observed],
  ])('an EnforceContext of either build is followed by an enforcer %s', async (_what, enforcerClass) => {
    const app = await cluster.start({ grantlog: { model: model(), enforcerClass } });
    for (const { EnforceContext } of [required, imported]) {
      const context = new EnforceContext('r', 'p', 'e', 'm2');
      await app.enforcer.addPolicy('role^reader', 'act^read', '*');
      const asked = (name: string): Promise<boolean> => app.enforcer.enforce(context, `user^${name}`, 'act^read', '*');
      expect([await asked('root'), await asked('ann')]).toEqual([true, false]);
      expect(app.enforcer.enforceSync(context, 'user^root', 'act^read', '*')).toBe(true);
      expect((await app.enforcer.enforceEx(context, 'user^root', 'act^read', '*'))[0]).toBe(true);
    }
  });

  it('a plain object that looks like a context is a subject', async () => {
    const asksSubject = imported.newModelFromString(twoMatchers.replace(/^m = .*$/m, 'm = r.sub.mType == "m2"'));
    const app = await cluster.start({ grantlog: { model: asksSubject } });
    const subject = { rType: 'r', pType: 'p', eType: 'e', mType: 'm2' };
    expect(await app.enforcer.enforce(subject, 'act^read', '*')).toBe(true);
    expect(await app.enforcer.enforce({ ...subject, mType: 'm' }, 'act^read', '*')).toBe(false);
  });
});

it('a stale memory denies what a class made of the other build’s cache remembers', async () => {
  const enforcer = await imported.newEnforcerWithClass(
    Observed,
    model(),
    new imported.StringAdapter('p, a, b, c\ng, x, a, c'),
  );
  let stale = false;
  denyWhileStale(enforcer, () => stale);
  expect([await enforcer.enforce('x', 'b', 'c'), enforcer.enforceSync('x', 'b', 'c')]).toEqual([true, true]);
  stale = true;
  expect([await enforcer.enforce('x', 'b', 'c'), enforcer.enforceSync('x', 'b', 'c')]).toEqual([false, false]);
});

describe('is refused', () => {
  const older = casbinWithout('addPoliciesEx');
  class Own extends older.CachedEnforcer {}

  it.each<[string, unknown, RegExp]>([
    ['of another release', new older.Enforcer(), /must be an enforcer.* of another release .*npm ls casbin/],
    ['of a class made of that', new Own(), /must be an enforcer.* of another release .*npm ls casbin/],
    ['that is an object of the host', { enforce: () => true }, /must be an enforcer.*await newEnforcer/],
  ])('an enforcer %s', (_what, enforcer, complaint) => {
    expect(() => resolveOptions({ enforcer: enforcer as Enforcer })).toThrow(complaint);
  });

  it.each([older.Enforcer, older.SyncedEnforcer, Own])('a class of another release, %p', (enforcerClass) => {
    expect(() => resolveOptions({ model: 'model.conf', enforcerClass })).toThrow(
      /option enforcerClass: must be Casbin's Enforcer.*npm ls casbin/,
    );
  });

  it('a role manager of the host, made of the other build’s', async () => {
    class Roles extends imported.DefaultRoleManager {}
    const enforcer = await imported.newEnforcer(model());
    enforcer.setRoleManager(new Roles(10));
    expect(() => resolveOptions({ enforcer })).toThrow(/^enforcer: has a role manager of its own for "g"/);
  });
});

it('AuditedEnforcer is what comes of an Enforcer that was imported', () => {
  expect(audited(imported.Enforcer)).toBe(AuditedEnforcer);
});
