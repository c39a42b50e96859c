import { Enforcer } from 'casbin';
import { casbinMethods } from './casbin-methods';

type Method = (...parameters: unknown[]) => unknown;

/** What this file has put in the place of Casbin's methods. */
const leads = new WeakSet<object>();

/**
 * Settings that the audited enforcer keeps in role managers of its own, where a later module that takes the same enforcer over
 * would not find them: they are made on the host's as well.
 */
const keptTwice: ReadonlyMap<string, Method> = new Map(
  ['addNamedMatchingFunc', 'addNamedDomainMatchingFunc'].map((name) => [
    name,
    Reflect.get(Enforcer.prototype, name) as Method,
  ]),
);

/**
 * Makes Casbin's calls of one enforcer calls of another one. Whatever still holds the first one would otherwise change rules
 * without a record, and go on allowing what has been revoked. Methods that a subclass adds stay: what they call leads on.
 */
export function leadTo(from: Enforcer, to: Enforcer): void {
  for (const name of casbinMethods(from)) {
    const call: Method = (...parameters) => (Reflect.get(to, name) as Method).apply(to, parameters);
    const keep = keptTwice.get(name);
    const value: Method = keep
      ? async (...parameters) => {
          await keep.apply(from, parameters);
          return call(...parameters);
        }
      : call;
    leads.add(value);
    Object.defineProperty(from, name, { value, configurable: true, writable: true });
  }
}

/** Whether a method leads to another enforcer since `leadTo`. */
export function isLead(method: unknown): boolean {
  return typeof method === 'function' && leads.has(method);
}
