import fc from 'fast-check';
import { Attempts, type RoleAssignment } from 'grantlog';
import type { TestApp } from './app';

const subjects = ['user^1', 'user^2', 'user^"3'];
const roles = ['role^reader', 'role^admin'];
const scopes = ['*', 'lib^one', 'lib^two', 'course^one'];

export type Key = { subject: string; role: string; scope: string };
export type Step = (app: TestApp) => Promise<unknown>;

const key: fc.Arbitrary<Key> = fc.record({
  subject: fc.constantFrom(...subjects),
  role: fc.constantFrom(...roles),
  scope: fc.constantFrom(...scopes),
});
const keys = fc.array(key, { minLength: 1, maxLength: 6 });
const ruleOf = ({ subject, role, scope }: Key): string[] => [subject, role, scope];

class Undone extends Error {}
const undone = async (work: Promise<unknown>): Promise<void> => {
  await work.catch((error: unknown) => {
    if (!(error instanceof Undone)) throw error;
  });
};

/** Everything that can happen to rules, by way of Grantlog and past it. */
export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  keys.map(
    (all): Step =>
      ({ assignments }) =>
        assignments.assign(all),
  ),
  keys.map(
    (all): Step =>
      ({ assignments }) =>
        assignments.remove(all),
  ),
  key.map(
    ({ subject }): Step =>
      ({ assignments }) =>
        assignments.removeAll({ subject }),
  ),
  key.map(
    ({ role, scope }): Step =>
      ({ assignments }) =>
        assignments.removeAll({ role, scope }),
  ),
  key.map(
    ({ role, scope }): Step =>
      ({ enforcer }) =>
        enforcer.addPolicy(role, 'act^read', scope),
  ),
  key.map(
    ({ role, scope }): Step =>
      ({ enforcer }) =>
        enforcer.removePolicy(role, 'act^read', scope),
  ),
  fc.tuple(key, key).map(
    ([one, other]): Step =>
      ({ enforcer }) =>
        enforcer.updateGroupingPolicy(ruleOf(one), ruleOf(other)),
  ),
  keys.map(
    (all): Step =>
      ({ assignments, dataSource }) =>
        dataSource.transaction(async (manager) => {
          for (const one of all) {
            await assignments.assign(one, { manager });
            await assignments.remove(one, { manager });
          }
          await assignments.assign(all, { manager });
        }),
  ),
  keys.map(
    (all): Step =>
      ({ assignments, dataSource }) =>
        undone(
          dataSource.transaction(async (manager) => {
            await assignments.remove(all, { manager });
            await assignments.assign(all, { manager });
            throw new Undone();
          }),
        ),
  ),
  key.map((one): Step => async ({ assignments, nest }) => {
    await assignments.assign({ ...one, role: 'no key' }).catch(() => undefined);
    nest.get(Attempts).denied('created', one);
  }),
  key.map(
    (one): Step =>
      ({ dataSource }) =>
        dataSource.query(`DELETE FROM casbin_rule WHERE ptype = 'g' AND v0 = $1 AND v1 = $2 AND v2 = $3`, ruleOf(one)),
  ),
  key.map(
    (one): Step =>
      ({ dataSource }) =>
        dataSource.query(
          `INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', $1, $2, $3) ON CONFLICT DO NOTHING`,
          ruleOf(one),
        ),
  ),
  fc.constant<Step>(({ records }) => records()), // what is committed so far is recorded in batches of its own
);

/** Every way to ask for assignments that those steps make. */
export const keyFilters: Partial<Key & { scopeNamespace: string }>[] = [
  {},
  { subject: 'user^1' },
  { role: 'role^admin' },
  { scope: 'lib^one' },
  { scope: '*' },
  { scopeNamespace: 'lib' },
  { scopeNamespace: '*' },
  { scope: '*', scopeNamespace: 'lib' },
  { role: 'role^reader', scopeNamespace: 'lib' },
  { subject: 'user^"3', role: 'role^reader', scope: 'lib^two' },
];
const namespaceOf = (scope: string): string => scope.split('^')[0] ?? '';
export const matchesKeys = (
  one: Required<RoleAssignment>,
  { scopeNamespace, ...values }: (typeof keyFilters)[number],
): boolean =>
  Object.entries(values).every(([field, value]) => one[field as keyof Key] === value) &&
  (scopeNamespace === undefined || namespaceOf(one.scope) === scopeNamespace);
export const bare = ({ subject, role, scope }: Required<RoleAssignment>): Key => ({ subject, role, scope });
