import { GrantlogError } from '../contract/grantlog.error';

/** A call that would change what is granted without a record of it. It was refused and nothing was changed. */
export class UnauditedCallError extends GrantlogError {
  constructor(call: string, remedy: string) {
    super('UNAUDITED_CALL', `${call}() is refused, because it would change rules without a record: ${remedy}`);
  }
}

const useOurs = 'add or remove the rules by the calls that name them (addPolicy, removePolicy, addRoleForUser, …).';
const memoryOnly = 'it changes this node’s memory only. Memory follows the committed rules by itself.';
const oneModel = 'the enforcer is built once, from the module’s options.';

/** Casbin's ways around the audited path, and what to do instead. */
export const refusedCalls: Readonly<Record<string, string>> = {
  updatePolicy: useOurs,
  updateNamedPolicy: useOurs,
  updateGroupingPolicy: useOurs,
  updateNamedGroupingPolicy: useOurs,
  removeFilteredPolicy: useOurs,
  removeFilteredNamedPolicy: useOurs,
  removeFilteredGroupingPolicy: `${useOurs} RoleAssignments.removeAll() removes assignments by a filter.`,
  removeFilteredNamedGroupingPolicy: useOurs,
  deleteRolesForUser: 'use RoleAssignments.removeAll({ subject }).',
  deleteUser: 'use RoleAssignments.removeAll({ subject }) and remove the policies one by one.',
  deleteRole: 'use RoleAssignments.removeAll({ role }) and remove the policies one by one.',
  deletePermission: useOurs,
  deletePermissionsForUser: useOurs,
  savePolicy: 'every change is saved when it is made.',
  clearPolicy: memoryOnly,
  selfAddPolicy: memoryOnly,
  selfAddPolicies: memoryOnly,
  selfRemovePolicy: memoryOnly,
  selfRemovePolicies: memoryOnly,
  selfRemoveFilteredPolicy: memoryOnly,
  selfUpdatePolicy: memoryOnly,
  selfUpdatePolicies: memoryOnly,
  buildRoleLinks: memoryOnly,
  buildIncrementalRoleLinks: memoryOnly,
  loadFilteredPolicy: 'memory holds the whole table, so that it can follow it.',
  loadIncrementalFilteredPolicy: 'memory holds the whole table, so that it can follow it.',
  loadModel: oneModel,
  setModel: oneModel,
  setAdapter: oneModel,
  setRoleManager: oneModel,
  setNamedRoleManager: oneModel,
  initRmMap: oneModel,
  initWithFile: oneModel,
  initWithString: oneModel,
  initWithAdapter: oneModel,
  initWithModelAndAdapter: oneModel,
  setWatcher: 'nodes follow each other through the database and need no watcher.',
  setWatcherEx: 'nodes follow each other through the database and need no watcher.',
};
