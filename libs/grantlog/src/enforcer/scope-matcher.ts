import { type Enforcer, type Model, Util } from 'casbin';
import { InvalidInputError } from '../contract/grantlog.error';
import { areCasbins, prototypesOf } from '../host-enforcer/casbin-classes';
import { stateOf } from '../host-enforcer/casbin-state';
import { RoleLinks } from '../policy/role-links';

/** What a column or an argument of a matcher is: a column of the request or of a policy, or a text. */
type Term = string;

/** How a matcher decides by the scope of a request. */
export interface ScopeMatcher {
  /** How many values a request has; with two there is no scope. */
  readonly arity: number;
  /** Columns of a policy and texts that the scope is compared with, by equality or as globs. */
  readonly compared: readonly Term[];
  /** The groupings that hold in a scope, each with the term whose roles are asked for. */
  readonly groupings: readonly { readonly ptype: string; readonly of: Term }[];
}

const term = String.raw`[pr]\d*_\w+(?![\w.(])|"[^"]*"|'[^']*'`;
const ofPolicy = String.raw`p\d*_\w+(?![\w.(])|"[^"]*"|'[^']*'`;

/**
 * Reads out of a model how scopes decide. Only what stays the same for all scopes between two that some rule names can be asked about in
 * finite time: equality, keyMatch with the rule's scope, and roles in the scope.
 * @throws InvalidInputError naming what it is that may decide otherwise
 */
export function scopeMatcherOf({ model }: Model): ScopeMatcher {
  const tokens = model.get('r')?.get('r')?.tokens ?? [];
  const matcher = model.get('m')?.get('m')?.value ?? '';
  const scope = tokens[2];
  if (tokens.length !== 2 && tokens.length !== 3) throw unreadable(`a request of ${tokens.length} values`);
  if (/\beval\s*\(/.test(matcher)) throw unreadable('eval()');
  if (scope === undefined) return { arity: 2, compared: [], groupings: [] };
  const compared: Term[] = [];
  const groupings: { ptype: string; of: Term }[] = [];
  const read = (form: string, found: (parts: Record<string, string>) => void): void => {
    rest = rest.replaceAll(new RegExp(form, 'g'), (...parts: unknown[]) => {
      found(parts.at(-1) as Record<string, string>);
      return ' true ';
    });
  };
  const compare = ({ other = '' }: Record<string, string>): number => compared.push(other);
  const it = String.raw`\b${scope}\b(?![.(])`;
  let rest = matcher;
  read(String.raw`\bkeyMatch\s*\(\s*${it}\s*,\s*(?<other>${ofPolicy})\s*\)`, compare);
  read(String.raw`\b(?<ptype>g\d*)\s*\(\s*(?<of>${term})\s*,\s*(?<role>${term})\s*,\s*${it}\s*\)`, (parts) => {
    const { ptype = '', of = '', role } = parts;
    if (of === scope || role === scope) throw unreadable('what roles the scope itself has');
    groupings.push({ ptype, of });
  });
  read(String.raw`${it}\s*[!=]=\s*(?<other>${ofPolicy})`, compare);
  read(String.raw`(?<![\w.])(?<other>${ofPolicy})\s*[!=]=\s*${it}`, compare);
  if (new RegExp(String.raw`\b${scope}\b`).test(rest)) throw unreadable(`its matcher (${matcher})`);
  return { arity: 3, compared, groupings };
}

/** @throws InvalidInputError if a function of the host has a say in it */
export function assertCasbinDecides(enforcer: Enforcer, { groupings, compared }: ScopeMatcher): void {
  const keyMatch: unknown = (stateOf(enforcer).fm.getFunctions() as Map<string, unknown>).get('keyMatch');
  if (compared.length > 0 && !isKeyMatch(keyMatch)) throw unreadable('a keyMatch of its own');
  for (const { ptype } of groupings) {
    const links = enforcer.getNamedRoleManager(ptype);
    const { names, domains, hierarchy } = links instanceof RoleLinks ? links.matchedBy : {};
    if (names) throw unreadable(`a matching function for the names of "${ptype}"`);
    if (hierarchy) throw unreadable(`a hierarchy of the scopes of "${ptype}"`);
    if (domains && !isKeyMatch(domains)) throw unreadable(`another matching of scopes than keyMatch in "${ptype}"`);
  }
  const types = prototypesOf(enforcer);
  const own = types.slice(0, types.findIndex(areCasbins)).find((type) => Object.hasOwn(type, 'enforce'));
  if (own) throw unreadable(`an enforce() of ${own.constructor.name}`);
}

const probes = [
  ['lib^a', 'lib^*'],
  ['lib^', 'lib^*'],
  ['lib', 'lib^*'],
  ['lib^a', 'lib^a'],
  ['lib^a', 'lib^b'],
  ['lib^ab', 'lib^*b'],
  ['', '*'],
] as const;

/** Whether it is Casbin's, of either build. */
function isKeyMatch(fn: unknown): boolean {
  if (typeof fn !== 'function' || fn.name !== Util.keyMatchFunc.name) return false;
  if (fn === Util.keyMatchFunc) return true;
  return probes.every((probe) => Reflect.apply(fn, undefined, probe) === Util.keyMatchFunc(...probe));
}

function unreadable(what: string): InvalidInputError {
  return new InvalidInputError(
    'GrantlogModule option visibleScopes',
    `cannot be taken from a permission, because this model decides by ${what}; give a function that answers the scopes of a viewer`,
  );
}
