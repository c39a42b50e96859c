import { isDeepStrictEqual } from 'node:util';
import { CachedEnforcer, DefaultRoleManager, Enforcer, Model, SyncedEnforcer } from 'casbin';
import { UnauditedCallError } from 'grantlog';
import { refusedCalls } from '../libs/grantlog/src/enforcer/refused-calls';
import type { TestApp } from './support/app';
import { kinds } from './support/casbin-calls';
import { foldOf } from './support/casbin-state';
import {
  before,
  enforcerSurface,
  fixture,
  modelSurface,
  roleManagerSurface,
  type Sort,
  type Surface,
} from './support/casbin-surface';
import { Cluster } from './support/cluster';
import { rulesIn } from './support/facts';
import { until } from './support/until';

/** Every method that a class has at run time, also the protected ones, and those of what it extends. */
function methodsOf(type: { readonly prototype: object }): string[] {
  const names = new Set<string>();
  for (let from = type.prototype; from !== Object.prototype; from = Object.getPrototypeOf(from) as object) {
    for (const name of Object.getOwnPropertyNames(from)) if (name !== 'constructor') names.add(name);
  }
  return [...names].sort();
}

const namesIn = (surface: Surface): string[] =>
  Object.values(surface)
    .flatMap((calls) => Object.keys(calls))
    .sort();
const callsOf = (surface: Surface, ...sorts: Sort[]): [string, readonly unknown[]][] =>
  sorts.flatMap((sort) => Object.entries(surface[sort] ?? {}));

describe("every method of Casbin's is sorted by what it does to the rules, so that none comes unnoticed", () => {
  it('of the enforcers', () => {
    const all = [Enforcer, SyncedEnforcer, CachedEnforcer].flatMap(methodsOf);
    expect(namesIn(enforcerSurface)).toEqual([...new Set(all)].sort());
  });

  it('of the model and the role manager', () => {
    expect(namesIn(modelSurface)).toEqual(methodsOf(Model));
    expect(namesIn(roleManagerSurface)).toEqual(methodsOf(DefaultRoleManager));
  });

  it('and those that are refused are those of which the refusal is written down', () => {
    expect(Object.keys(refusedCalls).sort()).toEqual(Object.keys(enforcerSurface.refused ?? {}).sort());
  });
});

/** Casbin keeps and changes the arrays that it is given. */
const fresh = (value: unknown): unknown => (Array.isArray(value) ? value.map(fresh) : value);
const sorted = (rules: readonly string[][]): string[] => rules.map((rule) => rule.join()).sort();

let cluster: Cluster;
let app: TestApp;
async function start(enforcerClass: new () => Enforcer): Promise<void> {
  cluster = await Cluster.create();
  app = await cluster.start({ grantlog: { model: kinds['roles in scopes']?.model(), enforcerClass } });
}
const end = (): Promise<void> => cluster.end();

/** Brings the rules back that are there before each call. */
async function putFixture(): Promise<void> {
  const there = new Set(sorted(await rulesIn(app.dataSource)));
  const wanted = new Set(fixture.map((rule) => rule.join()));
  const surplus = (await rulesIn(app.dataSource)).filter((rule) => !wanted.has(rule.join()));
  for (const [ptype = '', ...rule] of surplus) {
    if (ptype.startsWith('g')) await app.enforcer.removeNamedGroupingPolicy(ptype, ...rule);
    else await app.enforcer.removeNamedPolicy(ptype, ...rule);
  }
  for (const [ptype, ...rule] of fixture.filter((one) => !there.has(one.join()))) {
    if (ptype.startsWith('g')) await app.enforcer.addNamedGroupingPolicy(ptype, ...rule);
    else await app.enforcer.addNamedPolicy(ptype, ...rule);
  }
}

async function memory(): Promise<string[]> {
  const { enforcer } = app;
  const lists = [
    (await enforcer.getPolicy()).map((rule) => ['p', ...rule]),
    (await enforcer.getNamedPolicy('p2')).map((rule) => ['p2', ...rule]),
    (await enforcer.getGroupingPolicy()).map((rule) => ['g', ...rule]),
    (await enforcer.getNamedGroupingPolicy('g2')).map((rule) => ['g2', ...rule]),
  ];
  return sorted(lists.flat());
}

/** What links and rules come to. */
function decisions(): Promise<boolean[]> {
  const requests = ['user^ada', 'user^bob'].flatMap((name) =>
    ['lib^1', 'lib^2'].flatMap((scope) => ['act^read', 'act^write'].map((act) => [name, act, scope])),
  );
  return app.enforcer.batchEnforce(requests);
}

const table = async (): Promise<string[]> => sorted(await rulesIn(app.dataSource));
const log = async (): Promise<number> => (await app.records()).length;

interface Everything {
  readonly table: string[];
  readonly log: number;
  readonly memory: string[];
  readonly decisions: boolean[];
}
const everything = async (): Promise<Everything> => ({
  table: await table(),
  log: await log(),
  memory: await memory(),
  decisions: await decisions(),
});

async function call(on: object | undefined, name: string, given: readonly unknown[]): Promise<unknown> {
  const method: unknown = Reflect.get(on ?? {}, name);
  if (typeof method !== 'function') throw new Error(`there is no method ${name}`);
  return Reflect.apply(method, on, given.map(fresh)) as unknown;
}

const classes: [string, new () => Enforcer][] = [
  ['Enforcer', Enforcer],
  ['SyncedEnforcer', SyncedEnforcer],
  ['CachedEnforcer', CachedEnforcer],
];

describe.each(classes)('a method of %s does to the rules what it is sorted by', (_, enforcerClass) => {
  beforeAll(() => start(enforcerClass));
  afterAll(end);
  beforeEach(putFixture);

  it.each(callsOf(enforcerSurface, 'audited'))(
    '%s changes the table and writes what it changed',
    async (name, given) => {
      const [rules, records] = [await table(), await log()];
      await before[name]?.(app.enforcer);
      expect(await call(app.enforcer, name, given)).toBe(true);
      expect(await table()).not.toEqual(rules);
      expect(await log()).toBeGreaterThan(records);
      expect(sorted(foldOf(await app.records()))).toEqual(await table());
      expect(await memory()).toEqual(await table());
    },
  );

  it.each(callsOf(enforcerSurface, 'refused'))('%s is refused', async (name, given) => {
    const was = await everything();
    await expect(call(app.enforcer, name, given)).rejects.toThrow(UnauditedCallError);
    expect(await everything()).toEqual(was);
  });

  it('enableAutoSave is refused where it would switch saving off', () => {
    expect(() => app.enforcer.enableAutoSave(false)).toThrow(UnauditedCallError);
  });
});

describe('a method does to the rules what it is sorted by', () => {
  beforeAll(() => start(CachedEnforcer)); // which has more methods than the others
  afterAll(end);
  beforeEach(putFixture);

  describe.each<[string, Surface, () => object | undefined]>([
    ['the enforcer', enforcerSurface, () => app.enforcer],
    ['the model', modelSurface, () => app.enforcer.getModel()],
    ['the role manager', roleManagerSurface, () => app.enforcer.getRoleManager()],
  ])('of %s', (_, surface, target) => {
    it.each(callsOf(surface, 'reads', 'settings'))('%s changes nothing', async (name, given) => {
      const was = await everything();
      await call(target(), name, given);
      expect(await everything()).toEqual(was);
    });

    it.each(callsOf(surface, 'strays'))('%s changes no rule, and memory forgets it', async (name, given) => {
      const was = await everything();
      await call(target(), name, given);
      expect({ ...(await everything()), memory: [], decisions: [] }).toEqual({ ...was, memory: [], decisions: [] });
      await until(everything, (now) => isDeepStrictEqual(now, was));
    });
  });

  it.each(callsOf(enforcerSurface, 'reloads'))('%s changes no rule, and a reload shows all', async (name, given) => {
    const was = await everything();
    await call(app.enforcer, name, given);
    expect([await table(), await log()]).toEqual([was.table, was.log]);
    await app.enforcer.loadPolicy();
    expect(await everything()).toEqual(was);
  });

  it.each(callsOf(roleManagerSurface, 'absent'))('%s is not there', (name) => {
    expect(Reflect.has(app.enforcer.getRoleManager(), name)).toBe(false);
  });
});
