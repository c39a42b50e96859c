import { CachedEnforcer, Enforcer, SyncedEnforcer } from 'casbin';

/**
 * Makes Casbin's calls of one enforcer calls of another one. Whatever still holds the first one would otherwise change rules
 * without a record, and go on allowing what has been revoked. Methods that a subclass adds stay: what they call leads on.
 */
export function leadTo(from: Enforcer, to: Enforcer): void {
  for (const name of casbinMethods(from)) {
    const value = (...parameters: unknown[]): unknown => {
      const method = Reflect.get(to, name) as (...parameters: unknown[]) => unknown;
      return method.apply(to, parameters);
    };
    Object.defineProperty(from, name, { value, configurable: true, writable: true });
  }
}

/** The names of the methods that the enforcer has from Casbin's classes. */
function casbinMethods(enforcer: Enforcer): Set<string> {
  const casbins: readonly unknown[] = [Enforcer.prototype, CachedEnforcer.prototype, SyncedEnforcer.prototype];
  const names = new Set<string>();
  let ofCasbin = false;
  for (const type of prototypesOf(enforcer)) {
    ofCasbin ||= casbins.includes(type);
    if (!ofCasbin) continue;
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(type))) {
      if (name !== 'constructor' && typeof value === 'function') names.add(name);
    }
  }
  return names;
}

function* prototypesOf(object: object): Iterable<object> {
  let type = Object.getPrototypeOf(object) as object;
  for (; type !== Object.prototype; type = Object.getPrototypeOf(type) as object) yield type;
}
