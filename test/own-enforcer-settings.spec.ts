import {
  CachedEnforcer,
  DefaultEffector,
  DefaultRoleManager,
  type Effect,
  type Effector,
  Enforcer,
  newEnforcerWithClass,
  newModelFromString,
  StringAdapter,
  SyncedEnforcer,
  Util,
} from 'casbin';
import { audited, type EnforcerClass } from 'grantlog';
import { Cluster } from './support/cluster';

/** Who wants to do what where; every setting below changes the answer to some of them. */
const requests = ['ann', 'bob', 'office:cid', 'root', 'eve', '"reader"'].flatMap((name) =>
  ['read', 'write'].flatMap((act) => ['north', 'north/1', 'south'].map((scope) => [name, act, scope])),
);
const policy = `
p, reader, read, north*
p, office:*, write, south
g, ann, reader, north
g, bob, reader, north*
g, eve, ann, north
g, office:*, reader, south`;

const modelOf = (matcher: string): string => `
[request_definition]
r = sub, act, scope
[policy_definition]
p = sub, act, scope
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = ${matcher}`;
const matcher = 'g(r.sub, p.sub, r.scope) && keyMatch(r.scope, p.scope) && r.act == p.act';

/** Denies what Casbin allows and allows what it denies. */
class Contrary implements Effector {
  newStream(expression: string): ReturnType<Effector['newStream']> {
    const stream = new DefaultEffector().newStream(expression);
    const pushed: Effect[] = [];
    return {
      current: () => !stream.current(),
      pushEffect: (effect: Effect) => {
        pushed.push(effect);
        const [, recorded] = stream.pushEffect(effect);
        return [!stream.current(), recorded, false];
      },
    };
  }
}

class Cautious extends CachedEnforcer {
  override async enforce(...request: unknown[]): Promise<boolean> {
    return request[0] !== 'ann' && super.enforce(...request);
  }
}

type Setting = (enforcer: Enforcer) => unknown;
const plain: Setting = () => undefined;
const hierarchy = new DefaultRoleManager(10);
void hierarchy.addLink('north', 'north/1');

const settings: [string, EnforcerClass, string, Setting][] = [
  ['nothing special', Enforcer, matcher, plain],
  ['a lock', SyncedEnforcer, matcher, plain],
  ['a cache', CachedEnforcer, matcher, plain],
  ['a cache that is off', CachedEnforcer, matcher, (e) => (e as CachedEnforcer).setEnableCache(false)],
  ['a class of its own', Cautious, matcher, plain],
  [
    'a function in its matcher',
    Enforcer,
    `${matcher} || isRoot(r.sub)`,
    (e) => e.addFunction('isRoot', (name: string) => name === 'root'),
  ],
  [
    'a function of promises',
    Enforcer,
    'isRoot(r.sub)',
    (e) => e.addFunction('isRoot', async (n: string) => n === 'root'),
  ],
  ['patterns for names', Enforcer, matcher, (e) => e.addNamedMatchingFunc('g', Util.keyMatchFunc)],
  ['patterns for scopes', Enforcer, matcher, (e) => e.addNamedDomainMatchingFunc('g', Util.keyMatchFunc)],
  [
    'patterns for both',
    SyncedEnforcer,
    matcher,
    async (e) => {
      await e.addNamedMatchingFunc('g', Util.keyMatchFunc);
      await e.addNamedDomainMatchingFunc('g', (scope: string, pattern: string) => Util.keyMatchFunc(scope, pattern));
    },
  ],
  [
    'scopes that inherit',
    Enforcer,
    matcher,
    (e) => (e.getRoleManager() as DefaultRoleManager).addDomainHierarchy(hierarchy),
  ],
  ['an effector of its own', Enforcer, matcher, (e) => e.setEffector(new Contrary())],
  ['enforcement switched off', Enforcer, matcher, (e) => e.enableEnforce(false)],
  ['requests as JSON', Enforcer, 'r.sub == p.sub', (e) => e.enableAcceptJsonRequest(true)],
];

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.create();
});
afterAll(() => cluster.end());

async function answersOf(enforcer: Enforcer): Promise<boolean[]> {
  const answers: boolean[] = [];
  for (const request of requests) answers.push(await enforcer.enforce(...request));
  return answers;
}

async function build(enforcerClass: EnforcerClass, itsMatcher: string, setting: Setting): Promise<Enforcer> {
  const model = newModelFromString(modelOf(itsMatcher));
  const enforcer = await newEnforcerWithClass(enforcerClass, model, new StringAdapter(policy));
  await setting(enforcer);
  return enforcer;
}

describe.each(settings)('an enforcer with %s', (_what, enforcerClass, itsMatcher, setting) => {
  it('decides the same when the audited one has taken its place', async () => {
    const own = await build(enforcerClass, itsMatcher, setting);
    const before = await answersOf(await build(enforcerClass, itsMatcher, setting));
    const app = await cluster.start({ grantlog: { model: undefined, enforcer: own } });
    expect(app.enforcer).toBeInstanceOf(audited(enforcerClass));
    expect(await answersOf(app.enforcer)).toEqual(before);
    expect(await answersOf(own)).toEqual(before);
    expect(Reflect.get(app.enforcer, 'enableCache')).toBe(Reflect.get(own, 'enableCache'));
    await cluster.close(app);
  });
});

describe('these settings', () => {
  const matter = settings.filter(
    ([what]) => !['nothing special', 'a lock', 'a cache', 'a cache that is off'].includes(what),
  );

  it.each(matter)('change answers: %s', async (_what, enforcerClass, itsMatcher, setting) => {
    const without = await build(Enforcer, itsMatcher, plain);
    const answers = await answersOf(await build(enforcerClass, itsMatcher, setting));
    expect(await answersOf(without).catch(() => 'no answers')).not.toEqual(answers);
  });
});
