import type { Enforcer } from 'casbin';

/** The calls of Casbin's Enforcer. */
type EnforcerCall = {
  [Name in keyof Enforcer]: Enforcer[Name] extends (...given: never[]) => unknown ? Name : never;
}[keyof Enforcer];

/** Some calls of an enforcer, and the enforcer itself. */
type EnforcerDelegate<Call extends EnforcerCall> = { readonly enforcer: Enforcer } & Pick<Enforcer, Call>;

/** A class with methods of these names, which lead to the enforcer's: what they are given, and what they answer. */
export function delegating<Call extends EnforcerCall>(
  calls: readonly Call[],
): new (enforcer: Enforcer) => EnforcerDelegate<Call> {
  class Delegating {
    constructor(readonly enforcer: Enforcer) {}
  }
  for (const call of calls) Object.defineProperty(Delegating.prototype, call, { ...asMethods, value: leadingTo(call) });
  return Delegating as new (enforcer: Enforcer) => EnforcerDelegate<Call>;
}

/** As the methods of a class are. */
const asMethods = { writable: true, configurable: true, enumerable: false };

/** The enforcer's method is looked up at each call, so that one that was put in its place later is what answers. */
function leadingTo(call: EnforcerCall): unknown {
  function lead(this: { readonly enforcer: Enforcer }, ...given: unknown[]): unknown {
    const method = Reflect.get(this.enforcer, call) as (...given: unknown[]) => unknown;
    return method.apply(this.enforcer, given);
  }
  return Object.defineProperty(lead, 'name', { value: call });
}
