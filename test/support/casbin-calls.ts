import { CachedEnforcer, Enforcer, type Model, newModelFromString, SyncedEnforcer } from 'casbin';
import fc from 'fast-check';
import type { Call } from './casbin-twin';

/** Few names, so that calls meet; one of them is what CSV text cannot hold. */
export const users = ['user^ada', 'user^O\'Neil "Bob", (x'];
export const roles = ['role^reader', 'role^owner'];
export const names = [...users, ...roles];
export const actions = ['act^read', 'act^write', 'act^manage'];
export const scopes = ['lib^1', 'lib^*'];

/** A kind of model that users have. */
export interface Kind {
  readonly scoped: boolean;
  readonly scopeMatching: 'exact' | 'glob';
  readonly model: () => Model;
  /** What our side is made of; the plain side is an Enforcer, of which the others differ in speed only. */
  readonly enforcerClass: new () => Enforcer;
}

const definitions = (roleDefinition: string, matcher: string): string => `
[request_definition]
r = sub, act, scope
[policy_definition]
p = sub, act, scope
p2 = sub, act
[role_definition]
g = ${roleDefinition}
g2 = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = ${matcher} && keyMatch(r.scope, p.scope) && (r.act == p.act || g2(p.act, r.act))
m2 = r.sub == p2.sub && r.act == p2.act`;

const scopedModel = (): Model => newModelFromString(definitions('_, _, _', 'g(r.sub, p.sub, r.scope)'));
const plainModel = (): Model => newModelFromString(definitions('_, _', 'g(r.sub, p.sub)'));

export const kinds: Readonly<Record<string, Kind>> = {
  'roles in scopes': { scoped: true, scopeMatching: 'exact', model: scopedModel, enforcerClass: Enforcer },
  'roles in scopes that may be globs': {
    scoped: true,
    scopeMatching: 'glob',
    model: scopedModel,
    enforcerClass: SyncedEnforcer,
  },
  'roles everywhere': { scoped: false, scopeMatching: 'exact', model: plainModel, enforcerClass: CachedEnforcer },
};

type Rules = fc.Arbitrary<string[]>;
const call = <Given extends unknown[]>(method: string, given: fc.Arbitrary<Given>): fc.Arbitrary<Call> =>
  given.map((values): Call => [method, ...values]);
const one = fc.constantFrom;
/** '' is a wildcard in Casbin's filters. */
const orAny = (values: string[]): fc.Arbitrary<string> => one(...values, ...values, '');
/** '' is nobody: Casbin refuses to delete it, and so do we. */
const orNobody = (values: string[]): fc.Arbitrary<string> => one(...values, ...values, ...values, '');

/** `<verb><Grouping>Policy` and its family, for rules of one section; `ptypes` are what the named calls are given. */
function family(
  section: '' | 'Grouping',
  unnamed: Rules,
  ptypes: Readonly<Record<string, Rules>>,
): fc.Arbitrary<Call>[] {
  const batch = (rules: Rules): fc.Arbitrary<string[][]> => fc.array(rules, { maxLength: 4 });
  const named = <Given extends unknown[]>(give: (rules: Rules) => fc.Arbitrary<Given>): fc.Arbitrary<unknown[]> =>
    fc.oneof(...Object.entries(ptypes).map(([ptype, rules]) => give(rules).map((given) => [ptype, ...given])));
  const both = <Given extends unknown[]>(
    name: (middle: string) => string,
    give: (rules: Rules) => fc.Arbitrary<Given>,
  ): fc.Arbitrary<Call>[] => [call(name(section), give(unnamed)), call(name(`Named${section}`), named(give))];
  const onePer = (rules: Rules): fc.Arbitrary<[string[][]]> => batch(rules).map((list) => [list]);
  const adds = [
    ...both(
      (middle) => `add${middle}Policy`,
      (rules) => rules,
    ),
    ...both((middle) => `add${middle}Policies`, onePer),
    ...both((middle) => `add${middle}PoliciesEx`, onePer),
  ];
  return [
    ...adds,
    ...adds,
    ...both(
      (middle) => `remove${middle}Policy`,
      (rules) => shorterAtTimes(rules),
    ),
    ...both((middle) => `remove${middle}Policies`, onePer),
    ...both(
      (middle) => `update${middle}Policy`,
      (rules) => fc.tuple(rules, rules),
    ),
  ];
}

/** A rule that lacks its last columns is another rule: it is not there, and removing it removes nothing. */
function shorterAtTimes(rules: Rules): Rules {
  return fc.tuple(rules, one(0, 0, 0, 1)).map(([rule, less]) => rule.slice(0, rule.length - less));
}

/**
 * A filter from a column on, of which at least one value is none of `''`. Difference: with `''` alone, and with nothing at all,
 * Casbin's filter takes every rule; ours is refused.
 */
function filter(...columns: string[][]): fc.Arbitrary<[number, ...string[]]> {
  const from = fc.nat(columns.length - 1);
  return from
    .chain((at) => fc.tuple(...columns.slice(at).map(orAny)).map((values) => [at, ...values] as [number, ...string[]]))
    .chain((whole) => fc.integer({ min: 2, max: whole.length }).map((end) => whole.slice(0, end) as typeof whole))
    .filter(([, ...values]) => values.some((value) => value !== ''));
}

function filtered(g: string[][]): fc.Arbitrary<Call>[] {
  const p = [names, actions, scopes];
  return [
    call('removeFilteredPolicy', filter(...p)),
    call(
      'removeFilteredNamedPolicy',
      filter(names, actions).map((given) => ['p2', ...given]),
    ),
    call('removeFilteredGroupingPolicy', filter(...g)),
    call(
      'removeFilteredNamedGroupingPolicy',
      filter(actions, actions).map((given) => ['g2', ...given]),
    ),
  ];
}

function ofUsersAndRoles(scoped: boolean): fc.Arbitrary<Call>[] {
  const scope = scoped ? [one(...scopes)] : [];
  const permission = [one(...actions), one(...scopes)] as const;
  return [
    call('addRoleForUser', fc.tuple(one(...names), one(...roles), ...scope)),
    call('deleteRoleForUser', fc.tuple(orNobody(names), orNobody(roles), ...scope)),
    call('deleteRolesForUser', fc.tuple(orNobody(names))),
    ...scope.map((where) => call('deleteRolesForUser', fc.tuple(orNobody(names), where))),
    call('deleteUser', fc.tuple(orNobody(names))),
    call('deleteRole', fc.tuple(orNobody(roles))),
    call('addPermissionForUser', fc.tuple(one(...names), ...permission)),
    call('deletePermissionForUser', fc.tuple(orNobody(names), ...permission)),
    call('deletePermissionsForUser', fc.tuple(orNobody(names))),
    call('deletePermission', fc.array(one(...actions), { maxLength: 1 })),
    call('deletePermission', fc.tuple(...permission)),
  ];
}

/** Any call that changes rules. What Casbin and we disagree about stands in docs/casbin-differences.md and is not among them. */
function changing({ scoped }: Kind): fc.Arbitrary<Call> {
  const p = fc.tuple(one(...names), one(...actions), one(...scopes));
  const p2 = fc.tuple(one(...names), one(...actions));
  const g: Rules = scoped
    ? fc.tuple(one(...names), one(...roles), one(...scopes))
    : fc.tuple(one(...names), one(...roles));
  const g2 = fc.tuple(one(...actions), one(...actions));
  return fc.oneof(
    ...family('', p, { p, p2 }),
    ...family('Grouping', g, { g, g2 }),
    ...filtered(scoped ? [names, roles, scopes] : [names, roles]),
    ...ofUsersAndRoles(scoped),
  );
}

/** About 30 calls as a rule, but a failure is shown with as few as it takes. */
function sequence(any: fc.Arbitrary<Call>): fc.Arbitrary<Call[]> {
  return fc.noBias(fc.array(any, { minLength: 1, maxLength: 60, size: 'max' }));
}

export function calls(kind: Kind): fc.Arbitrary<Call[]> {
  const whole = one<Call>(['savePolicy'], ['loadPolicy']);
  const any = fc.oneof({ weight: 12, arbitrary: changing(kind) }, { weight: 1, arbitrary: whole });
  return sequence(any);
}

/**
 * Calls after which the order of the rules is the same by nature: each adds one rule at most, and removals leave the others
 * where they were.
 */
export function singleCalls(kind: Kind): fc.Arbitrary<Call[]> {
  const single = changing(kind).filter(([method]) => !/^(add|update).*(Policies|Ex)$|^update/.test(method));
  return sequence(single);
}

/** Calls that a caller makes alone, and in transactions that are committed or rolled back. */
export interface Stretch {
  readonly where: 'alone' | 'committed' | 'rolled back';
  readonly calls: Call[];
}

export function stretches(kind: Kind): fc.Arbitrary<Stretch[]> {
  // Difference: loadPolicy shows what is committed, not what the caller's transaction has changed so far.
  const inTransactions = fc.oneof(
    { weight: 12, arbitrary: changing(kind) },
    { weight: 1, arbitrary: one<Call>(['savePolicy']) },
  );
  const stretch = fc.record({
    where: one<Stretch['where']>('alone', 'committed', 'rolled back'),
    calls: fc.array(inTransactions, { minLength: 1, maxLength: 6, size: 'max' }),
  });
  return fc.noBias(fc.array(stretch, { minLength: 1, maxLength: 10, size: 'max' }));
}
