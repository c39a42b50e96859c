import { type Adapter, Enforcer, newEnforcer } from 'casbin';
import { adapterTableOf } from '../host-enforcer/adapter-table';
import { readModel } from '../policy/read-model';

/**
 * The enforcer that nest-authz would make of a model and a policy. If the policy is a table of PostgreSQL's, it comes without the
 * rules: the audited enforcer reads them itself, a million in seconds, where Casbin takes more than a minute.
 */
export async function policyEnforcer(model: string, policy: string | Adapter): Promise<Enforcer> {
  if (typeof policy === 'string' || !adapterTableOf(policy)) return newEnforcer(model, policy);
  const enforcer = new Enforcer();
  await enforcer.initWithModelAndAdapter(readModel(model), policy, true);
  return enforcer;
}
