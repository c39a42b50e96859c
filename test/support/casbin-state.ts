import { EnforceContext, type Enforcer } from 'casbin';
import type { AuditRecord } from 'grantlog';
import { actions, type Kind, names, roles, scopes } from './casbin-calls';

type State = Readonly<Record<string, unknown>>;

/** Where requests ask; the rules know the first one only, and a glob of both. */
const places = ['lib^1', 'lib^2'];

/**
 * The same contents in one order. Lists are compared as what they hold and how often: a batch is written in the order of its
 * keys so that two writers never wait for each other crosswise, and an update puts its rule at the end, so the order of rules
 * is not the order of the calls, as it is in plain Casbin. No decision hangs on it in a model without priorities.
 */
function inOneOrder(list: readonly unknown[]): string[] {
  return list.map((item) => JSON.stringify(item)).sort();
}

async function each<T>(of: readonly T[], ask: (one: T) => Promise<readonly unknown[]>): Promise<string[][]> {
  return Promise.all(of.map(async (one) => inOneOrder(await ask(one))));
}

/** Pairs of everybody and everywhere that roles may be asked about in this kind of model. */
function asked({ scoped }: Kind, who: readonly string[]): [name: string, ...scope: string[]][] {
  return who.flatMap((name): [string, ...string[]][] =>
    scoped ? [...scopes, 'lib^2'].map((scope) => [name, scope]) : [[name]],
  );
}

/** Everything that Casbin's API tells of the rules. */
export async function stateOf(enforcer: Enforcer, kind: Kind): Promise<State> {
  return { ...(await rulesOf(enforcer)), ...(await rolesOf(enforcer, kind)), decisions: await decisionsOf(enforcer) };
}

async function rulesOf(enforcer: Enforcer): Promise<State> {
  const permissions = names.flatMap((name) =>
    actions.flatMap((action) => scopes.map((scope) => [name, action, scope])),
  );
  return {
    policy: inOneOrder(await enforcer.getPolicy()),
    policy2: inOneOrder(await enforcer.getNamedPolicy('p2')),
    groupings: inOneOrder(await enforcer.getGroupingPolicy()),
    groupings2: inOneOrder(await enforcer.getNamedGroupingPolicy('g2')),
    has: await Promise.all(permissions.map((rule) => enforcer.hasPolicy(...rule))),
    bySubject: await each(names, (name) => enforcer.getFilteredGroupingPolicy(0, name)),
    byRole: await each(roles, (role) => enforcer.getFilteredGroupingPolicy(1, role)),
    byScope: await each(scopes, (scope) => enforcer.getFilteredGroupingPolicy(2, scope)),
    bySubjectAndScope: await each(scopes, (scope) => enforcer.getFilteredGroupingPolicy(0, names[0] ?? '', '', scope)),
    ofSubject: await each(names, (name) => enforcer.getPermissionsForUser(name)),
    allSubjects: inOneOrder(await enforcer.getAllSubjects()),
    allObjects: inOneOrder(await enforcer.getAllObjects()),
    allActions: inOneOrder(await enforcer.getAllActions()),
    allRoles: inOneOrder(await enforcer.getAllRoles()),
    allRoles2: inOneOrder(await enforcer.getAllNamedRoles('g2')),
  };
}

async function rolesOf(enforcer: Enforcer, kind: Kind): Promise<State> {
  return {
    roles: await each(asked(kind, names), (given) => enforcer.getRolesForUser(...given)),
    users: await each(asked(kind, roles), (given) => enforcer.getUsersForRole(...given)),
    implicitRoles: await each(asked(kind, names), (given) => enforcer.getImplicitRolesForUser(...given)),
    impliedActions: await each(actions, (action) => enforcer.getImplicitRolesForUser(action)),
    implicitUsers: await each(asked(kind, roles), (given) => enforcer.getImplicitUsersForRole(...given)),
    implicitPermissions: await each(asked(kind, names), (given) => enforcer.getImplicitPermissionsForUser(...given)),
    whoMay: inOneOrder(await enforcer.getImplicitUsersForPermission('act^read', 'lib^1')),
    // Difference: only scopes in which somebody has a role are known; plain Casbin remembers every scope that it was asked
    // about, and then hides the groupings without one (g2). Hence for subjects and roles, not for actions.
    domains: await each(names, (name) => enforcer.getDomainsForUser(name)),
  };
}

async function decisionsOf(enforcer: Enforcer): Promise<Record<string, boolean>> {
  const decisions: Record<string, boolean> = {};
  for (const name of names) {
    for (const action of actions) {
      for (const place of places) {
        const allowed = await enforcer.enforce(name, action, place);
        if (enforcer.enforceSync(name, action, place) !== allowed) throw new Error('enforceSync() decides otherwise');
        decisions[`${name} ${action} ${place}`] = allowed;
      }
      const second = new EnforceContext('r', 'p2', 'e', 'm2');
      decisions[`${name} ${action} by p2`] = await enforcer.enforce(second, name, action, '');
    }
  }
  return decisions;
}

/**
 * The rules that the log says there are, as policy type and columns in the order of their bytes.
 * @throws if a rule was created that was there, or deleted that was not
 */
export function foldOf(records: readonly AuditRecord[]): string[][] {
  const rules = new Map<string, string[]>();
  for (const { operation, details } of records.filter(({ outcome }) => outcome === 'success')) {
    if (!details.rule) continue; // somebody read the log
    const rule = [details.ptype, ...details.rule];
    const key = JSON.stringify(rule);
    if (rules.has(key) === (operation === 'created')) throw new Error(`${operation} twice: ${key}`);
    if (operation === 'created') rules.set(key, rule);
    else rules.delete(key);
  }
  return [...rules.values()];
}
