import { isProxy } from 'node:util/types';
import { DefaultRoleManager, type Enforcer, type RoleManager } from 'casbin';
import { InvalidInputError } from '../contract/grantlog.error';
import { deepest } from '../policy/link-graph';
import { isDefaultRoleManager } from './casbin-classes';
import { casbinMethods } from './casbin-methods';
import { roleManagerStateOf, stateOf } from './casbin-state';
import { isLead } from './leading-calls';

const roleMethods = Object.getOwnPropertyNames(DefaultRoleManager.prototype);
const remedy =
  'put what it decides into the class, overriding the method and calling super, or into functions of the model';

/**
 * Makes sure that an enforcer decides as its class does. What somebody has put around or onto the object itself would not be in the
 * audited one, which is a new object: whatever that denies would be allowed from then on.
 * @throws InvalidInputError naming what was put there
 */
export function assertUnpatched(enforcer: Enforcer): void {
  if (isProxy(enforcer)) {
    throw new InvalidInputError('enforcer', `is a Proxy, whose traps the audited one would lack: ${remedy}`);
  }
  if (!Object.isExtensible(enforcer)) {
    throw new InvalidInputError(
      'enforcer',
      'is frozen, sealed or not extensible, so that its calls cannot lead to the audited one; leave out Object.freeze() and the like',
    );
  }
  for (const name of casbinMethods(enforcer)) assertMethod(enforcer, name);
  for (const name of Reflect.ownKeys(enforcer)) assertConfigurable(enforcer, name);
  for (const [ptype, manager] of stateOf(enforcer).rmMap ?? []) assertRoleManager(ptype, manager);
}

function assertMethod(enforcer: Enforcer, name: string): void {
  if (!Object.hasOwn(enforcer, name) || isLead(Object.getOwnPropertyDescriptor(enforcer, name)?.value)) return;
  throw new InvalidInputError(
    'enforcer',
    `has its ${name}() set on the object, which the audited one would lack: ${remedy}`,
  );
}

function assertConfigurable(enforcer: Enforcer, name: string | symbol): void {
  if (Object.getOwnPropertyDescriptor(enforcer, name)?.configurable) return;
  throw new InvalidInputError(
    'enforcer',
    `has a field ${String(name)} that cannot be led to the audited one; make it configurable: true`,
  );
}

function assertRoleManager(ptype: string, manager: RoleManager): void {
  if (isProxy(manager) || !isDefaultRoleManager(manager) || !isAsDeep(manager)) {
    throw new InvalidInputError(
      'enforcer',
      `has a role manager of its own for "${ptype}"; Grantlog has one, which answers as DefaultRoleManager(${deepest}) does. ` +
        'Leave yours out; of what it decides, functions of the model and matching functions can be kept',
    );
  }
  const patched = roleMethods.find((name) => name !== 'constructor' && Object.hasOwn(manager, name));
  if (patched === undefined) return;
  throw new InvalidInputError(
    'enforcer',
    `has a role manager for "${ptype}" with a ${patched}() of its own, which Grantlog's would lack; leave it out. Of what it ` +
      'decides, functions of the model and matching functions can be kept',
  );
}

function isAsDeep(manager: RoleManager): boolean {
  return roleManagerStateOf(manager).maxHierarchyLevel === deepest;
}
