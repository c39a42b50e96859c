import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Enforcer, type Model, newEnforcer, newEnforcerWithClass, newModelFromString, Util } from 'casbin';
import fc from 'fast-check';
import { isVisible } from '../libs/grantlog/src/contract/visible-scopes';
import { PermittedScopes } from '../libs/grantlog/src/enforcer/permitted-scopes';
import { stateOf } from '../libs/grantlog/src/host-enforcer/casbin-state';
import { RoleLinks } from '../libs/grantlog/src/policy/role-links';
import { plainModel } from './support/models';

const read = 'act^audit.read';
const viewer = 'user^zoe';
const sample = readFileSync(join(__dirname, '../apps/demo/sample/model.conf'), 'utf8');

const model = (matcher: string, effect = 'some(where (p.eft == allow)) && !some(where (p.eft == deny))'): Model =>
  newModelFromString(`
[request_definition]
r = sub, act, scope
[policy_definition]
p = sub, act, scope, eft
[role_definition]
g = _, _, _
g2 = _, _
[policy_effect]
e = ${effect}
[matchers]
m = ${matcher}`);

interface Kind {
  readonly model: () => Model;
  readonly matching: 'exact' | 'glob';
  /** Whether more may be allowed than can be told of: what is denied may be allowed again further in, or a glob be a mere name. */
  readonly mayHide?: boolean;
  /** Whether a glob may be asked about as if it were a scope. */
  readonly globsAsked?: boolean;
}

const kinds: Record<string, Kind> = {
  "the demo's model": { model: () => newModelFromString(sample), matching: 'glob', globsAsked: true },
  'scopes that are no globs': { model: () => newModelFromString(sample), matching: 'exact', mayHide: true },
  'a model without scopes in assignments': { model: plainModel, matching: 'exact' },
  'scopes compared by equality, and a text': {
    model: () =>
      model(
        'r.sub == "user^root" || g(r.sub, p.sub, r.scope) && (r.scope == p.scope || r.scope == "lib^open") && r.act == p.act',
      ),
    matching: 'glob',
  },
  'a negation': {
    model: () => model('g(r.sub, p.sub, r.scope) && !keyMatch(r.scope, p.scope) && r.act == p.act'),
    matching: 'glob',
    mayHide: true,
  },
  'an effect by priority': {
    model: () =>
      model('g(r.sub, p.sub, r.scope) && keyMatch(r.scope, p.scope) && r.act == p.act', 'priority(p.eft) || deny'),
    matching: 'glob',
    mayHide: true,
  },
};

const scopes = [
  '*',
  'lib^*',
  'lib^a*',
  'lib^ab*',
  'lib^ab',
  'lib^a',
  'lib^b',
  'l*',
  'course^*',
  'course^c',
  'lib^*b',
  'lib',
];
/** Those that rules may name, and others around them. */
const asked = [
  ...scopes.filter((scope) => !scope.includes('*')),
  'lib^',
  'lib^abc',
  'lib^abc*',
  'lib^ac',
  'lib^ba',
  'course^',
  'course^cc',
  'co',
  'x',
];
const names = [viewer, 'user^other', 'role^auditor', 'role^reader'];

const one = fc.constantFrom;
const scope = one(...scopes);
const policies = fc.uniqueArray(
  fc.tuple(one(...names), one(read, read, 'act^manage'), scope, one('allow', 'allow', 'allow', 'deny')),
  { maxLength: 5, selector: String },
);
const links = fc.uniqueArray(fc.tuple(one(...names), one('role^auditor', 'role^reader'), scope), {
  maxLength: 6,
  selector: String,
});

async function enforcerOf(kind: Kind, rules: string[][], groupings: string[][]): Promise<Enforcer> {
  const enforcer = await newEnforcer(kind.model());
  if (kind.matching === 'glob') await enforcer.addNamedDomainMatchingFunc('g', Util.keyMatchFunc);
  const width = (section: 'p' | 'g'): number =>
    section === 'p' ? (enforcer.getModel().model.get('p')?.get('p')?.tokens.length ?? 0) : groupingWidth(enforcer);
  for (const rule of rules) await enforcer.addPolicy(...rule.slice(0, width('p')));
  for (const rule of groupings) await enforcer.addGroupingPolicy(...rule.slice(0, width('g')));
  await enforcer.addNamedGroupingPolicy('g2', 'act^manage', read).catch(() => undefined);
  return enforcer;
}

const groupingWidth = (enforcer: Enforcer): number =>
  enforcer.getModel().model.get('g')?.get('g')?.value.match(/_/g)?.length ?? 0;

const namespaceOf = (key: string): string => key.split('^')[0] ?? key;

describe('the scopes of a permission', () => {
  it.each(Object.entries(kinds))('are those in which enforce() allows it: %s', async (_, kind) => {
    await fc.assert(
      fc.asyncProperty(policies, links, async (rules, groupings) => {
        const enforcer = await enforcerOf(kind, rules, groupings);
        const visible = await new PermittedScopes(enforcer).of(viewer, read);
        for (const place of kind.globsAsked ? [...asked, ...scopes] : asked) {
          const [sees, may] = [isVisible(visible, place, namespaceOf), await enforcer.enforce(viewer, read, place)];
          if (sees === may || (kind.mayHide && !sees)) continue;
          throw new Error(
            `${place}: ${sees ? 'seen' : 'not seen'}, ${may ? 'allowed' : 'denied'}; ${JSON.stringify(visible)}`,
          );
        }
      }),
      { numRuns: 400 },
    );
  });

  it.each([
    ['g(r.sub, p.sub, r.scope) && regexMatch(r.scope, p.scope)'],
    ['g(r.sub, p.sub, r.scope) && keyMatch2(r.scope, p.scope)'],
    ['g(r.sub, p.sub, r.scope) && keyMatch(p.scope, r.scope)'],
    ['g(r.sub, p.sub, "*") && g2(r.scope, p.scope)'],
    ['g(r.sub, p.sub, r.scope) && keyMatch(r.scope, r.sub)'],
    ['g(r.scope, p.sub, r.scope)'],
    ['g(r.sub, r.scope, r.scope)'],
    ['r.scope == r.sub'],
    ['r.scope in ("lib^a", "lib^b")'],
    ['r.scope.owner == p.sub'],
    ['r.scope != p.scope.owner'],
    ['g(r.sub, p.sub, r.scope) && eval(p.scope)'],
    ['r.scope == "lib^" + p.scope'],
    ['r.scope == p.scope + ":private"'],
    ['r.act + r.scope == p.scope'],
    ['r.sub == p.sub && (p.eft == "allow" || p.act + ":" + r.scope == p.scope)'],
    ['p.scope + r.act == r.scope'],
    ['r.sub == p.sub && !r.scope == p.scope'],
    ['r.scope == p.scope == p.eft'],
    ['r.scope == p.scope ? r.sub == p.sub : false'],
    ['r.act in keyMatch(r.scope, p.scope)'],
    [String.raw`r.scope == "lib\^secret"`],
    ['g(r.sub, p.sub, r.scope) && keyMatch(r.scope, p.scope) || r.scope > "lib"'],
  ])('are not guessed where the model decides otherwise: %s', async (matcher) => {
    const permitted = new PermittedScopes(await newEnforcer(model(matcher)));
    expect(() => permitted.check()).toThrow(/^GrantlogModule option visibleScopes: .* give a function/);
    await expect(permitted.of(viewer, read)).rejects.toThrow(/give a function/);
  });

  it('are not guessed where functions of the host decide', async () => {
    const refused = async (change: (enforcer: Enforcer) => unknown, Type = Enforcer): Promise<void> => {
      const enforcer = await newEnforcerWithClass(Type, newModelFromString(sample));
      const permitted = new PermittedScopes(enforcer);
      expect(() => permitted.check()).not.toThrow();
      await change(enforcer);
      expect(() => permitted.check()).toThrow(/^GrantlogModule option visibleScopes: .* give a function/);
    };
    const setKeyMatch = (enforcer: Enforcer, fn: unknown): unknown =>
      (stateOf(enforcer).fm.getFunctions() as Map<string, unknown>).set('keyMatch', fn);
    await refused((enforcer) => setKeyMatch(enforcer, () => true));
    await refused((enforcer) =>
      setKeyMatch(enforcer, function keyMatchFunc() {
        return true;
      }),
    );
    const links = (enforcer: Enforcer): RoleLinks => {
      const own = new RoleLinks();
      enforcer.setNamedRoleManager('g', own);
      return own;
    };
    await refused((enforcer) => links(enforcer).addMatchingFunc(Util.keyMatchFunc));
    await refused((enforcer) => links(enforcer).addDomainMatchingFunc(Util.regexMatchFunc));
    await refused((enforcer) => links(enforcer).addDomainHierarchy(new RoleLinks()));
    class OwnEnforcer extends Enforcer {
      override enforce(): Promise<boolean> {
        return Promise.resolve(true);
      }
    }
    const own = new PermittedScopes(await newEnforcerWithClass(OwnEnforcer, newModelFromString(sample)));
    expect(() => own.check()).toThrow(/an enforce\(\) of OwnEnforcer/);
  });

  it('nobody is allowed nothing, and of more scopes than can be asked about none is told', async () => {
    const enforcer = await newEnforcer(newModelFromString(sample));
    await enforcer.addPolicy('role^auditor', read, '*', 'allow');
    const permitted = new PermittedScopes(enforcer);
    expect(await permitted.of(null, read)).toEqual({});
    const assigned = Array.from({ length: 20_001 }, (_, at) => [viewer, 'role^auditor', `lib^${at}`]);
    await enforcer.addGroupingPolicies(assigned);
    await expect(permitted.of(viewer, read)).rejects.toThrow(
      /decides for user\^zoe by more than 20000 scopes in all; give a function/,
    );
  });

  it('are found again when memory has changed, also in the middle', async () => {
    const enforcer = await newEnforcer(newModelFromString(sample));
    const places = Array.from({ length: 100 }, (_, at) => `lib^${at}`);
    for (const place of places) await enforcer.addPolicy(`role^${place}`, read, place, 'allow'); // none is like another
    await enforcer.addGroupingPolicies(places.map((place) => [viewer, `role^${place}`, place]));
    const asking = jest.spyOn(enforcer, 'enforce');
    const permitted = new PermittedScopes(enforcer);
    const question = permitted.of(viewer, read);
    await setImmediate();
    await enforcer.removeGroupingPolicy(viewer, 'role^lib^0', 'lib^0'); // asked about already
    await enforcer.addPolicy('role^auditor', read, 'course^1', 'allow');
    await enforcer.addGroupingPolicy(viewer, 'role^auditor', 'course^1');
    permitted.memoryChanged();
    const now = await question;
    expect(isVisible(now, 'lib^0', namespaceOf)).toBe(false);
    for (const place of ['course^1', ...places.slice(1)]) expect(isVisible(now, place, namespaceOf)).toBe(true);
    asking.mockClear();
    const [again, atOnce] = await Promise.all([permitted.of(viewer, read), permitted.of(viewer, read)]);
    expect([again, atOnce]).toEqual([now, now]); // what was overtaken has not been kept
    const calls = asking.mock.calls.map((call) => call.join());
    expect(new Set(calls).size).toBe(calls.length);
    await permitted.of(viewer, read);
    expect(asking.mock.calls).toHaveLength(calls.length);
  });
});
