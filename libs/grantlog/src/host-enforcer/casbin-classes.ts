import { CachedEnforcer, DefaultRoleManager, Enforcer, SyncedEnforcer } from 'casbin';

/**
 * Casbin's package is built twice: `import` gives ES modules other classes than `require` gives Grantlog, which `instanceof` does not
 * know. So a class is recognised by what it consists of: the same methods with as many parameters, its own and those that it
 * inherits, level by level. Releases of Casbin with other methods are not taken for ours.
 */
type Class<T = object> = new () => T;

const enforcerClasses: readonly Class<Enforcer>[] = [Enforcer, CachedEnforcer, SyncedEnforcer];

const contents = new WeakMap<object, string>();

/** Whether it is an enforcer of this class of Casbin's, or of one made of it, whichever build that is from. */
export function isMadeOf<T extends Enforcer>(casbins: Class<T>, enforcer: unknown): enforcer is T {
  return typeof enforcer === 'object' && enforcer !== null && hasAmong(prototypesOf(enforcer), casbins);
}

/** Whether it could be an enforcer of another release of Casbin; for saying so. */
export function looksLikeEnforcer(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return ['enforce', 'getModel', 'addGroupingPolicy'].every((name) => typeof Reflect.get(value, name) === 'function');
}

/** Whether it is Casbin's Enforcer, or a class made of it, whichever build that is from. */
export function isEnforcerClass(value: unknown): value is Class<Enforcer> {
  if (typeof value !== 'function') return false;
  const prototype: unknown = value.prototype;
  return (
    typeof prototype === 'object' && prototype !== null && hasAmong([prototype, ...prototypesOf(prototype)], Enforcer)
  );
}

/**
 * Our own build's class for one of Casbin's, which decides more than twice as fast; any other class is what it is. The name counts
 * here as well: a class of the host could consist of the same methods.
 */
export function ownBuildOf<T extends Enforcer>(type: Class<T>): Class<T> {
  const own = enforcerClasses.find(
    (casbins) =>
      casbins.name === type.name.replace(/^_/, '') && areAlike(type.prototype as object, casbins.prototype as object),
  );
  return (own as Class<T> | undefined) ?? type;
}

/** Whether a class of the host is made of one of Casbin's other build. */
export function isOfOtherBuild(type: Class<Enforcer>): boolean {
  return ownBuildOf(type) === type && type !== Enforcer && !(type.prototype instanceof Enforcer);
}

/** Whether these are the methods of a class of Casbin's, and not of one that a host has made of it. */
export function areCasbins(prototype: object): boolean {
  return enforcerClasses.some((casbins) => areAlike(prototype, casbins.prototype as object));
}

/** Whether it is one of Casbin's own, and not of a class that a host has made of it. */
export function isDefaultRoleManager(manager: object): boolean {
  return areAlike(Object.getPrototypeOf(manager) as object, DefaultRoleManager.prototype);
}

/** The objects that it inherits from, nearest first, without the one that all objects do. */
export function prototypesOf(object: object): object[] {
  const found: object[] = [];
  let next = Object.getPrototypeOf(object) as object | null;
  for (; next !== null; next = Object.getPrototypeOf(next) as object | null) found.push(next);
  return found.slice(0, -1);
}

function hasAmong(prototypes: readonly object[], casbins: Class): boolean {
  return prototypes.some((prototype) => areAlike(prototype, casbins.prototype as object));
}

function areAlike(one: object, other: object): boolean {
  return one === other || contentsOf(one) === contentsOf(other);
}

function contentsOf(prototype: object): string {
  const text = contents.get(prototype) ?? JSON.stringify([prototype, ...prototypesOf(prototype)].map(methodsOf));
  contents.set(prototype, text);
  return text;
}

function methodsOf(prototype: object): string[] {
  return Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([name]) => name !== 'constructor')
    .map(([name, { value }]) => `${name}/${sizeOf(value)}`)
    .sort();
}

function sizeOf(value: unknown): string {
  return typeof value === 'function' ? String(value.length) : typeof value;
}
