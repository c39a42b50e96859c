import type { AuditedEnforcer } from 'grantlog';

export type Call = (enforcer: AuditedEnforcer) => Promise<boolean>;

/** A call, what it answers, and the rules that it removes and adds; policy type first. */
export interface Case {
  readonly call: Call;
  readonly answer: boolean;
  readonly gone?: readonly string[][];
  readonly come?: readonly string[][];
}

export const readerReads = ['role^reader', 'act^read', '*'];
export const readerLists = ['role^reader', 'act^list', '*'];
export const annReads = ['user^ann', 'act^read', 'lib^1'];
export const annInOne = ['user^ann', 'role^reader', 'lib^1'];
export const annInTwo = ['user^ann', 'role^reader', 'lib^2'];
export const bobInOne = ['user^bob', 'role^reader', 'lib^1'];
export const readerIsGuest = ['role^reader', 'role^guest', 'lib^1'];
export const readerIsReader = ['role^reader', 'role^reader', 'lib^1'];
export const writingReads = ['act^write', 'act^read'];
export const writingLists = ['act^write', 'act^list'];
export const newPolicy = ['role^guest', 'act^read', 'lib^1'];
export const newRole = ['user^new', 'role^reader', 'lib^1'];
export const newGrouping = ['act^manage', 'act^write'];

export const p = (...rules: string[][]): string[][] => rules.map((rule) => ['p', ...rule]);
export const g = (...rules: string[][]): string[][] => rules.map((rule) => ['g', ...rule]);
export const g2 = (...rules: string[][]): string[][] => rules.map((rule) => ['g2', ...rule]);

export const start = [
  ...p(readerReads, readerLists, annReads),
  ...g(annInOne, annInTwo, bobInOne, readerIsGuest, readerIsReader),
  ...g2(writingReads, writingLists),
];

/** What makes a change: one rule, a batch, or the rules that it finds. */
export const cases: Record<string, Case[]> = {
  addPolicy: [
    { call: (e) => e.addPolicy(...newPolicy), answer: true, come: p(newPolicy) },
    { call: (e) => e.addPolicy(...readerReads), answer: false },
  ],
  addNamedPolicy: [{ call: (e) => e.addNamedPolicy('p', ...newPolicy), answer: true, come: p(newPolicy) }],
  addGroupingPolicy: [
    { call: (e) => e.addGroupingPolicy(...newRole), answer: true, come: g(newRole) },
    { call: (e) => e.addGroupingPolicy(...annInOne), answer: false },
  ],
  addNamedGroupingPolicy: [
    { call: (e) => e.addNamedGroupingPolicy('g2', ...newGrouping), answer: true, come: g2(newGrouping) },
  ],
  addPolicies: [
    { call: (e) => e.addPolicies([newPolicy, bobInOne]), answer: true, come: p(newPolicy, bobInOne) },
    { call: (e) => e.addPolicies([newPolicy, readerReads]), answer: false },
  ],
  addNamedPolicies: [{ call: (e) => e.addNamedPolicies('p', [newPolicy]), answer: true, come: p(newPolicy) }],
  addPoliciesEx: [
    { call: (e) => e.addPoliciesEx([readerReads, newPolicy]), answer: true, come: p(newPolicy) },
    { call: (e) => e.addPoliciesEx([readerReads]), answer: false },
  ],
  addNamedPoliciesEx: [
    { call: (e) => e.addNamedPoliciesEx('p', [readerReads, newPolicy]), answer: true, come: p(newPolicy) },
  ],
  addGroupingPolicies: [
    { call: (e) => e.addGroupingPolicies([newRole, newPolicy]), answer: true, come: g(newRole, newPolicy) },
    { call: (e) => e.addGroupingPolicies([newRole, annInOne]), answer: false },
  ],
  addNamedGroupingPolicies: [
    { call: (e) => e.addNamedGroupingPolicies('g2', [newGrouping]), answer: true, come: g2(newGrouping) },
  ],
  addGroupingPoliciesEx: [
    { call: (e) => e.addGroupingPoliciesEx([annInOne, newRole]), answer: true, come: g(newRole) },
  ],
  addNamedGroupingPoliciesEx: [
    {
      call: (e) => e.addNamedGroupingPoliciesEx('g2', [writingReads, newGrouping]),
      answer: true,
      come: g2(newGrouping),
    },
  ],
  updatePolicy: [
    { call: (e) => e.updatePolicy(readerReads, newPolicy), answer: true, gone: p(readerReads), come: p(newPolicy) },
    { call: (e) => e.updatePolicy(newPolicy, readerReads), answer: false },
    { call: (e) => e.updatePolicy(newPolicy, bobInOne), answer: false },
    { call: (e) => e.updatePolicy(readerReads, readerLists), answer: true, gone: p(readerReads) },
    { call: (e) => e.updatePolicy(readerReads, readerReads), answer: true },
    { call: (e) => e.updatePolicy(newPolicy, newPolicy), answer: false },
  ],
  updateNamedPolicy: [
    { call: (e) => e.updateNamedPolicy('p', annReads, bobInOne), answer: true, gone: p(annReads), come: p(bobInOne) },
  ],
  updateGroupingPolicy: [
    { call: (e) => e.updateGroupingPolicy(annInOne, newRole), answer: true, gone: g(annInOne), come: g(newRole) },
  ],
  updateNamedGroupingPolicy: [
    {
      call: (e) => e.updateNamedGroupingPolicy('g2', writingReads, newGrouping),
      answer: true,
      gone: g2(writingReads),
      come: g2(newGrouping),
    },
  ],
  removePolicy: [
    { call: (e) => e.removePolicy(...readerReads), answer: true, gone: p(readerReads) },
    { call: (e) => e.removePolicy(...newPolicy), answer: false },
  ],
  removeNamedPolicy: [{ call: (e) => e.removeNamedPolicy('p', ...annReads), answer: true, gone: p(annReads) }],
  removeGroupingPolicy: [{ call: (e) => e.removeGroupingPolicy(...annInOne), answer: true, gone: g(annInOne) }],
  removeNamedGroupingPolicy: [
    { call: (e) => e.removeNamedGroupingPolicy('g2', ...writingReads), answer: true, gone: g2(writingReads) },
  ],
  removePolicies: [
    { call: (e) => e.removePolicies([readerReads, annReads]), answer: true, gone: p(readerReads, annReads) },
    { call: (e) => e.removePolicies([readerReads, newPolicy]), answer: false },
  ],
  removeNamedPolicies: [{ call: (e) => e.removeNamedPolicies('p', [annReads]), answer: true, gone: p(annReads) }],
  removeGroupingPolicies: [
    { call: (e) => e.removeGroupingPolicies([annInOne, bobInOne]), answer: true, gone: g(annInOne, bobInOne) },
    { call: (e) => e.removeGroupingPolicies([annInOne, newRole]), answer: false },
  ],
  removeNamedGroupingPolicies: [
    { call: (e) => e.removeNamedGroupingPolicies('g2', [writingLists]), answer: true, gone: g2(writingLists) },
  ],
  removeFilteredPolicy: [
    { call: (e) => e.removeFilteredPolicy(0, 'role^reader'), answer: true, gone: p(readerReads, readerLists) },
    { call: (e) => e.removeFilteredPolicy(0, '', 'act^read', ''), answer: true, gone: p(readerReads, annReads) },
    { call: (e) => e.removeFilteredPolicy(1, 'act^read', 'lib^1'), answer: true, gone: p(annReads) },
    { call: (e) => e.removeFilteredPolicy(2, 'lib^1'), answer: true, gone: p(annReads) },
    { call: (e) => e.removeFilteredPolicy(0, 'role^nobody'), answer: false },
    { call: (e) => e.removeFilteredPolicy(6, 'beyond every rule'), answer: false },
  ],
  removeFilteredNamedPolicy: [
    { call: (e) => e.removeFilteredNamedPolicy('p', 0, 'user^ann'), answer: true, gone: p(annReads) },
  ],
  removeFilteredGroupingPolicy: [
    { call: (e) => e.removeFilteredGroupingPolicy(0, 'user^ann', '', 'lib^2'), answer: true, gone: g(annInTwo) },
    {
      call: (e) => e.removeFilteredGroupingPolicy(2, 'lib^1'),
      answer: true,
      gone: g(annInOne, bobInOne, readerIsGuest, readerIsReader),
    },
    { call: (e) => e.removeFilteredGroupingPolicy(0, 'user^nobody'), answer: false },
  ],
  removeFilteredNamedGroupingPolicy: [
    {
      call: (e) => e.removeFilteredNamedGroupingPolicy('g2', 0, 'act^write'),
      answer: true,
      gone: g2(writingReads, writingLists),
    },
  ],
  addRoleForUser: [
    { call: (e) => e.addRoleForUser('user^new', 'role^reader', 'lib^1'), answer: true, come: g(newRole) },
  ],
  deleteRoleForUser: [
    { call: (e) => e.deleteRoleForUser('user^ann', 'role^reader', 'lib^1'), answer: true, gone: g(annInOne) },
    { call: (e) => e.deleteRoleForUser('user^ann', 'role^reader'), answer: false },
  ],
  deleteRolesForUser: [
    { call: (e) => e.deleteRolesForUser('user^ann'), answer: true, gone: g(annInOne, annInTwo) },
    { call: (e) => e.deleteRolesForUser('user^ann', 'lib^2'), answer: true, gone: g(annInTwo) },
    { call: (e) => e.deleteRolesForUser('user^ann', 'lib^3'), answer: false },
  ],
  deleteUser: [
    {
      call: (e) => e.deleteUser('user^ann'),
      answer: true,
      gone: [...p(annReads), ...g(annInOne, annInTwo)],
    },
    { call: (e) => e.deleteUser('user^bob'), answer: true, gone: g(bobInOne) },
    { call: (e) => e.deleteUser('user^nobody'), answer: false },
  ],
  deleteRole: [
    {
      call: (e) => e.deleteRole('role^reader'),
      answer: true,
      gone: [...p(readerReads, readerLists), ...g(annInOne, annInTwo, bobInOne, readerIsGuest, readerIsReader)],
    },
    { call: (e) => e.deleteRole('role^guest'), answer: true, gone: g(readerIsGuest) },
    { call: (e) => e.deleteRole('role^nobody'), answer: false },
  ],
  addPermissionForUser: [
    { call: (e) => e.addPermissionForUser('role^guest', 'act^read', 'lib^1'), answer: true, come: p(newPolicy) },
  ],
  deletePermission: [
    { call: (e) => e.deletePermission('act^read'), answer: true, gone: p(readerReads, annReads) },
    { call: (e) => e.deletePermission('act^read', 'lib^1'), answer: true, gone: p(annReads) },
    { call: (e) => e.deletePermission('act^none'), answer: false },
  ],
  deletePermissionForUser: [
    { call: (e) => e.deletePermissionForUser('user^ann', 'act^read', 'lib^1'), answer: true, gone: p(annReads) },
    { call: (e) => e.deletePermissionForUser('user^ann', 'act^read'), answer: false },
  ],
  deletePermissionsForUser: [
    { call: (e) => e.deletePermissionsForUser('role^reader'), answer: true, gone: p(readerReads, readerLists) },
  ],
};

export const everyCase = Object.entries(cases).flatMap(([method, its]) =>
  its.map((one): [string, Case] => [`${method}: ${String(one.call).replace(/\s+/g, ' ')}`, one]),
);
export const refusals: [string, RegExp, Call][] = [
  ['a filter without values', /fieldValues.*would remove every rule/, (e) => e.removeFilteredPolicy(0)],
  ["a filter of ''", /fieldValues.*would remove every rule/, (e) => e.removeFilteredGroupingPolicy(0, '')],
  ["a filter of many ''", /would remove every rule/, (e) => e.removeFilteredNamedGroupingPolicy('g2', 0, '', '')],
  ['a negative index', /^fieldIndex: /, (e) => e.removeFilteredPolicy(-1, 'role^reader')],
  ['half an index', /^fieldIndex: /, (e) => e.removeFilteredPolicy(0.5, 'role^reader')],
  ['an index that is text', /^fieldIndex: /, (e) => e.removeFilteredPolicy('0' as never, 'role^reader')],
  ['an index beyond the table', /^fieldValues: /, (e) => e.removeFilteredPolicy(7, 'role^reader')],
  ['values beyond the table', /^fieldValues: /, (e) => e.removeFilteredPolicy(0, ...Array<string>(8).fill('x'))],
  ['values beyond, from an index on', /^fieldValues: /, (e) => e.removeFilteredPolicy(5, 'x', '', '')],
  ['a number in a filter', /^fieldValues\[1\]: /, (e) => e.removeFilteredPolicy(0, 'role^reader', 42 as never)],
  ['null in a filter', /^fieldValues\[0\]: /, (e) => e.removeFilteredPolicy(0, null as never, 'act^read')],
  ['undefined in a filter', /^fieldValues\[0\]: /, (e) => e.removeFilteredPolicy(0, undefined as never, 'act^read')],
  ['NUL in a filter', /^fieldValues\[0\]: /, (e) => e.removeFilteredPolicy(0, 'role\0reader')],
  ['a filter of another section', /^ptype: /, (e) => e.removeFilteredNamedPolicy('g', 0, 'user^ann')],
  ['a filter of no type', /^ptype: /, (e) => e.removeFilteredNamedPolicy('p9', 0, 'user^ann')],
  ['an update to a rule that is too short', /^newRule: /, (e) => e.updatePolicy(readerReads, ['role^reader'])],
  ['an update to a rule that is too long', /^newRule: /, (e) => e.updatePolicy(readerReads, [...readerReads, 'x'])],
  ["an update to ''", /^newRule\[0\]: /, (e) => e.updateGroupingPolicy(annInOne, ['', 'role^reader', 'lib^1'])],
  ['an update to a number', /^newRule\[0\]: /, (e) => e.updatePolicy(readerReads, [1 as never, 'act^read', '*'])],
  ['an update of a number', /^oldRule\[0\]: /, (e) => e.updatePolicy([1 as never, 'act^read', '*'], readerReads)],
  ['an update of text', /^oldRule: /, (e) => e.updatePolicy('abc' as never, readerReads)],
  ['an update of nothing', /^oldRule: /, (e) => e.updatePolicy(undefined as never, readerReads)],
  ['an update in another section', /^ptype: /, (e) => e.updateNamedPolicy('g', annInOne, newRole)],
  ["deleteUser('')", /user must not be empty/, (e) => e.deleteUser('')],
  ['deleteUser()', /user must not be empty/, (e) => e.deleteUser(undefined as never)],
  ['deleteUser(42)', /^user: /, (e) => e.deleteUser(42 as never)],
  ["deleteRole('')", /role must not be empty/, (e) => e.deleteRole('')],
  ["deleteRolesForUser('')", /user must not be empty/, (e) => e.deleteRolesForUser('')],
  ["deleteRolesForUser(user, '')", /^domain: .*every domain/, (e) => e.deleteRolesForUser('user^ann', '')],
  ['deleteRolesForUser(user, null)', /^domain: /, (e) => e.deleteRolesForUser('user^ann', null as never)],
  ['deletePermission()', /permission must not be empty/, (e) => e.deletePermission()],
  ["deletePermission('')", /would remove every rule/, (e) => e.deletePermission('')],
  ["deletePermissionsForUser('')", /user must not be empty/, (e) => e.deletePermissionsForUser('')],
];
