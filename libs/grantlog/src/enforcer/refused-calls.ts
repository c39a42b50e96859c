import { GrantlogError } from '../contract/grantlog.error';

/** A call that would change what is granted without a record of it. It was refused and nothing was changed. */
export class UnauditedCallError extends GrantlogError {
  constructor(call: string, remedy: string) {
    super('UNAUDITED_CALL', `${call}() is refused, because it would change rules without a record: ${remedy}`);
  }
}

const memoryOnly = 'it changes this node’s memory only. Memory follows the committed rules by itself.';
const oneModel = 'the enforcer is built once, from the module’s options.';

/** Casbin's ways around the audited path, and what to do instead. */
export const refusedCalls: Readonly<Record<string, string>> = {
  clearPolicy: memoryOnly,
  selfAddPolicy: memoryOnly,
  selfAddPolicies: memoryOnly,
  selfRemovePolicy: memoryOnly,
  selfRemovePolicies: memoryOnly,
  selfRemoveFilteredPolicy: memoryOnly,
  selfUpdatePolicy: memoryOnly,
  selfUpdatePolicies: memoryOnly,
  buildIncrementalRoleLinks: memoryOnly,
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
};
