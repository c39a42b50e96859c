import type { Enforcer } from 'casbin';
import { casbinMethods, plainOf } from './casbin-methods';

/** Fields that Casbin sets later than in the constructor. */
const laterFields = ['modelPath', 'model', 'adapter', 'fs', 'rmMap'];

/** Casbin's fields that calls change, as `addFunction` and `enableEnforce` do; the other enforcer has their values already. */
const settings = [
  'fm',
  'eft',
  'enabled',
  'autoNotifyWatcher',
  'acceptJsonRequest',
  'fs',
  'enableCache',
  'watcher',
  'watcherEx',
];

/** The fields of an enforcer that lead to another one. */
const linked = new WeakMap<Enforcer, Set<string | symbol>>();

/**
 * Lets two enforcers have the fields of one in common: those that the class of the first one, or whoever built it, has added to
 * Casbin's, and the settings of Casbin's. They are in the second one from then on. What is `#private` stays where it is:
 * nobody else can read it.
 */
export function shareFields(from: Enforcer, to: Enforcer): void {
  for (const name of ownFields(from)) {
    Object.defineProperty(to, name, fieldOf(from, name));
    link(from, to, name);
  }
  for (const name of settings) if (name !== 'enableCache' || name in to) link(from, to, name);
}

/** The names of the fields that are not Casbin's. */
export function ownFields(enforcer: Enforcer): (string | symbol)[] {
  const casbins = new Set<string | symbol>([
    ...Reflect.ownKeys(plainOf(enforcer)),
    ...laterFields,
    ...casbinMethods(enforcer),
  ]);
  return Reflect.ownKeys(enforcer).filter((name) => !casbins.has(name));
}

/** The field as it is, or the value of one that leads to an enforcer of an earlier module. */
function fieldOf(enforcer: Enforcer, name: string | symbol): PropertyDescriptor {
  const field = Object.getOwnPropertyDescriptor(enforcer, name) as PropertyDescriptor;
  if (!linked.get(enforcer)?.has(name)) return field;
  const value: unknown = Reflect.get(enforcer, name);
  return { value, configurable: true, writable: true, enumerable: field.enumerable };
}

function link(from: Enforcer, to: Enforcer, name: string | symbol): void {
  linked.set(from, (linked.get(from) ?? new Set()).add(name));
  const get = (): unknown => Reflect.get(to, name);
  const set = (value: unknown): void => void Reflect.set(to, name, value);
  const enumerable = Object.getOwnPropertyDescriptor(from, name)?.enumerable ?? true;
  Object.defineProperty(from, name, { get, set, configurable: true, enumerable });
}
