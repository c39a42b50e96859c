import type { Enforcer } from 'casbin';
import { InvalidInputError } from '../contract/grantlog.error';
import { areCasbins, prototypesOf } from '../host-enforcer/casbin-classes';
import { casbinMethods } from '../host-enforcer/casbin-methods';

/** What an audited enforcer has besides Casbin's methods, once it is attached. */
const seam = ['caughtUp', 'memoryChanged', 'tellWatchers'];

/**
 * The methods of a class that nobody would call in the audited class made of it, because that one has them too and does not
 * call super.
 * @param layer the prototype of the audited class
 */
export function overriddenMethods(Base: new () => Enforcer, layer: object): string[] {
  const types = [Base.prototype as object, ...prototypesOf(Base.prototype as object)];
  const hosts = types.slice(
    0,
    types.findIndex((type) => type === layer || areCasbins(type)),
  );
  const audits = new Set(Object.getOwnPropertyNames(layer));
  return [...new Set(hosts.flatMap((type) => Object.getOwnPropertyNames(type)))].filter(
    (name) => name !== 'constructor' && audits.has(name),
  );
}

/**
 * A field goes before the method of that name, so that it would be a way past the audited path.
 * @throws InvalidInputError naming the field
 */
export function refuseFieldsInTheWay(enforcer: Enforcer): void {
  const methods = new Set([...casbinMethods(enforcer), ...seam]);
  const field = Object.getOwnPropertyNames(enforcer).find((name) => methods.has(name));
  if (field === undefined) return;
  throw new InvalidInputError(
    'enforcerClass',
    `has a field ${field} that takes the place of the method; make it a method that calls super.${field}(), or give it another name`,
  );
}
