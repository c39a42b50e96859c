import { Enforcer } from 'casbin';
import { areCasbins, prototypesOf } from './casbin-classes';

/** The names of the methods that an enforcer has from Casbin's classes. */
export function casbinMethods(enforcer: Enforcer): Set<string> {
  const names = new Set<string>();
  for (const type of casbinTypesOf(enforcer)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(type))) {
      if (name !== 'constructor' && typeof value === 'function') names.add(name);
    }
  }
  return names;
}

/** A new enforcer of the class of Casbin's that this one is of, or that its class is made of. */
export function plainOf(enforcer: Enforcer): Enforcer {
  const [type = Enforcer.prototype] = casbinTypesOf(enforcer);
  return new (type.constructor as typeof Enforcer)();
}

/** What of its prototypes is Casbin's, the nearest first. */
function casbinTypesOf(enforcer: Enforcer): object[] {
  const types = prototypesOf(enforcer);
  return types.slice(types.findIndex(areCasbins));
}
