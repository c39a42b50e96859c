import { DefaultEffector, DefaultRoleManager, EnforceContext, type Enforcer, PolicyOp, Util } from 'casbin';

/**
 * What a method of Casbin's does to the rules:
 * - `audited`: changes them, with a record of every one
 * - `refused`: would change them without a record, and is not done
 * - `reads`: changes nothing
 * - `reloads`: brings memory up to date, whole or in part; changes no rule
 * - `settings`: changes how requests are decided or what the host is told, no rule
 * - `strays`: changes what this node remembers, until it next looks into the table
 * - `defines`: changes the definition of the model, which is code and no rule; not tried here
 * - `absent`: Casbin's own, of which our replacement has none
 */
export type Sort = 'audited' | 'refused' | 'reads' | 'reloads' | 'settings' | 'strays' | 'defines' | 'absent';

/** Methods by sort, each with what a call of it is given, in a node that holds `fixture`. */
export type Surface = Readonly<Partial<Record<Sort, Readonly<Record<string, readonly unknown[]>>>>>;

const p = ['role^reader', 'act^read', 'lib^1'];
const g = ['user^ada', 'role^reader', 'lib^1'];

/** The rules that are there before each call. */
export const fixture: readonly (readonly [ptype: string, ...values: string[]])[] = [
  ['p', ...p],
  ['p', 'user^ada', 'act^write', 'lib^1'],
  ['p2', 'user^ada', 'act^read'],
  ['g', ...g],
  ['g', 'user^bob', 'role^owner', 'lib^1'],
  ['g2', 'act^manage', 'act^read'],
];

const newP = ['role^owner', 'act^manage', 'lib^2'];
const newP2 = ['user^bob', 'act^read'];
const newG = ['user^bob', 'role^reader', 'lib^2'];
const newG2 = ['act^manage', 'act^write'];
const request = ['user^ada', 'act^read', 'lib^1'];
const silent = (): Promise<boolean> => Promise.resolve(true);
const silentWatcher = { setUpdateCallback: () => undefined, update: silent, updateForSavePolicy: silent };
const matcher = 'r.sub == p.sub';

export const enforcerSurface: Surface = {
  audited: {
    addPolicy: newP,
    addPolicies: [[newP]],
    addPoliciesEx: [[p, newP]],
    addNamedPolicy: ['p2', ...newP2],
    addNamedPolicies: ['p2', [newP2]],
    addNamedPoliciesEx: ['p2', [newP2]],
    addGroupingPolicy: newG,
    addGroupingPolicies: [[newG]],
    addGroupingPoliciesEx: [[g, newG]],
    addNamedGroupingPolicy: ['g2', ...newG2],
    addNamedGroupingPolicies: ['g2', [newG2]],
    addNamedGroupingPoliciesEx: ['g2', [newG2]],
    removePolicy: p,
    removePolicies: [[p]],
    removeFilteredPolicy: [1, 'act^read'],
    removeNamedPolicy: ['p2', 'user^ada', 'act^read'],
    removeNamedPolicies: ['p2', [['user^ada', 'act^read']]],
    removeFilteredNamedPolicy: ['p2', 0, 'user^ada'],
    removeGroupingPolicy: g,
    removeGroupingPolicies: [[g]],
    removeFilteredGroupingPolicy: [1, 'role^reader'],
    removeNamedGroupingPolicy: ['g2', 'act^manage', 'act^read'],
    removeNamedGroupingPolicies: ['g2', [['act^manage', 'act^read']]],
    removeFilteredNamedGroupingPolicy: ['g2', 0, 'act^manage'],
    updatePolicy: [p, newP],
    updateNamedPolicy: ['p2', ['user^ada', 'act^read'], newP2],
    updateGroupingPolicy: [g, newG],
    updateNamedGroupingPolicy: ['g2', ['act^manage', 'act^read'], newG2],
    addRoleForUser: newG,
    deleteRoleForUser: g,
    deleteRolesForUser: ['user^ada'],
    deleteUser: ['user^ada'],
    deleteRole: ['role^reader'],
    addPermissionForUser: newP,
    deletePermissionForUser: p,
    deletePermissionsForUser: ['user^ada'],
    deletePermission: ['act^read'],
    savePolicy: [], // audited as far as memory and table differ; see `before`
    // Protected in TypeScript: what all of the above come down to.
    addPolicyInternal: ['p', 'p', newP, false],
    addPoliciesInternal: ['p', 'p', [newP], false],
    addPoliciesInternalEx: ['p', 'p', [newP], false],
    updatePolicyInternal: ['p', 'p', p, newP, false],
    removePolicyInternal: ['p', 'p', p, false],
    removePoliciesInternal: ['p', 'p', [p], false],
    removeFilteredPolicyInternal: ['p', 'p', 0, ['user^ada'], false],
  },
  refused: {
    selfAddPolicy: ['g', 'g', newG],
    selfAddPolicies: ['g', 'g', [newG]],
    selfRemovePolicy: ['g', 'g', g],
    selfRemovePolicies: ['g', 'g', [g]],
    selfRemoveFilteredPolicy: ['g', 'g', 0, 'user^ada'],
    selfUpdatePolicy: ['g', 'g', g, newG],
    selfUpdatePolicies: ['g', 'g', [g], [newG]],
    clearPolicy: [],
    loadModel: [],
    setModel: [],
    setAdapter: [],
    setRoleManager: [new DefaultRoleManager(10)],
    setNamedRoleManager: ['g', new DefaultRoleManager(10)],
    initRmMap: [],
    initWithFile: ['model.conf', 'policy.csv'],
    initWithString: ['model.conf', ''],
    initWithAdapter: ['model.conf'],
    initWithModelAndAdapter: [],
    buildIncrementalRoleLinks: [PolicyOp.PolicyAdd, 'g', [newG]],
  },
  reads: {
    getRolesForUser: ['user^ada', 'lib^1'],
    getUsersForRole: ['role^reader', 'lib^1'],
    hasRoleForUser: g,
    getPermissionsForUser: ['user^ada'],
    hasPermissionForUser: p,
    getImplicitRolesForUser: ['user^ada', 'lib^1'],
    getImplicitPermissionsForUser: ['user^ada', 'lib^1'],
    getImplicitResourcesForUser: ['user^ada', 'lib^1'],
    getImplicitUsersForRole: ['role^reader', 'lib^1'],
    getRolesForUserInDomain: ['user^ada', 'lib^1'],
    getUsersForRoleInDomain: ['role^reader', 'lib^1'],
    getImplicitUsersForPermission: ['act^read', 'lib^1'],
    getDomainsForUser: ['user^ada'],
    getAllDomains: [],
    getAllSubjects: [],
    getAllNamedSubjects: ['p2'],
    getAllObjects: [],
    getAllNamedObjects: ['p2'],
    getAllActions: [],
    getAllNamedActions: ['p'],
    getAllRoles: [],
    getAllNamedRoles: ['g2'],
    getPolicy: [],
    getFilteredPolicy: [0, 'user^ada'],
    getNamedPolicy: ['p2'],
    getFilteredNamedPolicy: ['p2', 0, 'user^ada'],
    getGroupingPolicy: [],
    getFilteredGroupingPolicy: [0, ''],
    getNamedGroupingPolicy: ['g2'],
    getFilteredNamedGroupingPolicy: ['g2', 0, 'act^manage'],
    hasPolicy: p,
    hasNamedPolicy: ['p2', 'user^ada', 'act^read'],
    hasGroupingPolicy: g,
    hasNamedGroupingPolicy: ['g2', 'act^manage', 'act^read'],
    getFileSystem: [],
    getModel: [],
    getAdapter: [],
    getRoleManager: [],
    getNamedRoleManager: ['g2'],
    isFiltered: [],
    enforceSync: request,
    enforceExSync: request,
    enforceWithSyncCompile: request,
    enforce: request,
    enforceEx: request,
    enforceWithMatcher: [matcher, ...request],
    enforceExWithMatcher: [matcher, ...request],
    batchEnforce: [[request]],
    // Protected
    getFieldIndex: ['p', 'sub'],
    getExpression: [true, 'r_sub == p_sub'],
    privateEnforce: [false, false, '', new EnforceContext('r', 'p', 'e', 'm'), ...request],
    // CachedEnforcer's: decisions, not rules
    getCache: ['user^ada$$act^read$$lib^1'],
  },
  reloads: {
    loadPolicy: [],
    loadFilteredPolicy: [{ ptype: 'g', v2: 'lib^1' }],
    loadIncrementalFilteredPolicy: [{ ptype: 'p' }],
    buildRoleLinks: [],
    buildRoleLinksInternal: [],
    sortPolicies: [],
  },
  settings: {
    setFileSystem: [],
    setEffector: [new DefaultEffector()],
    enableEnforce: [true],
    enableLog: [false],
    enableAutoSave: [true],
    enableAutoNotifyWatcher: [true],
    setWatcher: [silentWatcher],
    setWatcherEx: [silentWatcher],
    enableAcceptJsonRequest: [false],
    enableAutoBuildRoleLinks: [true],
    addFunction: ['same', (one: string, other: string) => one === other],
    addNamedMatchingFunc: ['g', (one: string, other: string) => one === other],
    addNamedDomainMatchingFunc: ['g', Util.keyMatchFunc],
    setFieldIndex: ['p', 'sub', 0],
    // CachedEnforcer's
    invalidateCache: [],
    setEnableCache: [true],
    setCache: ['somebody$$may$$something', true],
  },
  strays: {
    addPolicyWithoutNotify: ['p', 'p', newP],
    addPoliciesWithoutNotify: ['p', 'p', [newP]],
    addPoliciesWithoutNotifyEx: ['p', 'p', [newP]],
    updatePolicyWithoutNotify: ['p', 'p', p, newP],
    updatePoliciesWithoutNotify: ['p', 'p', [p], [newP]],
    removePolicyWithoutNotify: ['p', 'p', p],
    removePoliciesWithoutNotify: ['p', 'p', [p]],
    removeFilteredPolicyWithoutNotify: ['p', 'p', 0, ['user^ada']],
  },
};

/** What has to happen for a call to have something to do. */
export const before: Readonly<Record<string, (enforcer: Enforcer) => unknown>> = {
  savePolicy: (enforcer) => enforcer.getModel().addPolicy('g', 'g', newG),
};

/** What getModel() hands out. */
export const modelSurface: Surface = {
  reads: {
    hasSection: ['p'],
    printModel: [],
    printPolicy: [],
    getPolicy: ['p', 'p'],
    hasPolicy: ['p', 'p', p],
    getFilteredPolicy: ['g', 'g', 0, 'user^ada'],
    getValuesForFieldInPolicy: ['g', 'g', 0],
    getValuesForFieldInPolicyAllTypes: ['g', 0],
    getFieldIndex: ['p', 'sub'],
    getKeySuffix: [2],
    getSubjectHierarchyMap: [[]],
    findHierarchy: [new Map([['a', 'b']]), new Map([['b', 0]]), new Set(), 'a'],
    getNameWithDomain: ['lib^1', 'user^ada'],
    sortPoliciesBySubjectHierarchy: [],
  },
  strays: {
    addPolicy: ['g', 'g', newG],
    addPolicies: ['g', 'g', [newG]],
    updatePolicy: ['g', 'g', g, newG],
    removePolicy: ['g', 'g', g],
    removePolicies: ['g', 'g', [g]],
    removeFilteredPolicy: ['g', 'g', 0, 'user^ada'],
    clearPolicy: [],
    buildRoleLinks: [new Map()],
    buildIncrementalRoleLinks: [new DefaultRoleManager(10), PolicyOp.PolicyAdd, 'g', 'g', [newG]],
  },
  defines: {
    addDef: [],
    loadAssertion: [],
    loadModel: [],
    loadModelFromConfig: [],
    loadModelFromFile: [],
    loadModelFromText: [],
    loadSection: [],
  },
};

/** What getRoleManager() hands out. */
export const roleManagerSurface: Surface = {
  reads: {
    syncedHasLink: g,
    hasLink: g,
    getRoles: ['user^ada', 'lib^1'],
    getUsers: ['role^reader', 'lib^1'],
    getDomains: ['user^ada'],
    getAllDomains: [],
    printRoles: [],
  },
  strays: { addLink: newG, deleteLink: g, clear: [] },
  settings: {
    addMatchingFunc: [(one: string, other: string) => one === other],
    addDomainMatchingFunc: [Util.keyMatchFunc],
    addDomainHierarchy: [new DefaultRoleManager(10)],
  },
  absent: { generateTempRoles: [], hasUserForRole: [] },
};
