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
  /** Those of them by which a rule may decide where it does not hold, or that have a say elsewhere, too: no two values are alike. */
  readonly mingled: ReadonlySet<Term>;
  /** What must hold of a rule in every scope, or it decides nothing: a value of the request and a column that is it, or one of its roles. */
  readonly required: readonly { readonly of: Term; readonly column: Term; readonly ptype?: string }[];
  /** The groupings that hold in a scope, each with the term whose roles are asked for. */
  readonly groupings: readonly { readonly ptype: string; readonly of: Term }[];
}

/** A text with a backslash is another one than it looks. */
const text = String.raw`"[^"\\]*"|'[^'\\]*'`;
const term = String.raw`[pr]\d*_\w+(?![\w.(])|${text}`;
const ofPolicy = String.raw`p\d*_\w+(?![\w.(])|${text}`;
/** What may stand beside a comparison: anything else takes one side of it away, and compares something else. */
const before = String.raw`(?<=(?:^|\(|&&|\|\|)\s*)`;
const beforeCall = String.raw`(?<=(?:^|\(|&&|\|\|)[\s!]*)`;
const after = String.raw`(?=\s*(?:$|\)|&&|\|\|))`;

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
  if (scope === undefined) return { arity: 2, compared: [], mingled: new Set(), required: [], groupings: [] };
  const compared: Term[] = [];
  const groupings: { ptype: string; of: Term; role: Term }[] = [];
  const read = (form: string, found: (parts: Record<string, string>) => void): void => {
    rest = rest.replaceAll(new RegExp(form, 'g'), (...parts: unknown[]) => {
      found(parts.at(-1) as Record<string, string>);
      return ' true ';
    });
  };
  const compare = ({ other = '' }: Record<string, string>): number => compared.push(other);
  const it = String.raw`\b${scope}\b(?![.(])`;
  let rest = matcher;
  read(String.raw`${beforeCall}keyMatch\s*\(\s*${it}\s*,\s*(?<other>${ofPolicy})\s*\)${after}`, compare);
  const roles = String.raw`(?<ptype>g\d*)\s*\(\s*(?<of>${term})\s*,\s*(?<role>${term})\s*,\s*${it}\s*\)`;
  read(`${beforeCall}${roles}${after}`, (parts) => {
    const { ptype = '', of = '', role = '' } = parts;
    if (of === scope || role === scope) throw unreadable('what roles the scope itself has');
    groupings.push({ ptype, of, role });
  });
  read(String.raw`${before}${it}\s*[!=]=\s*(?<other>${ofPolicy})${after}`, compare);
  read(String.raw`${before}(?<other>${ofPolicy})\s*[!=]=\s*${it}${after}`, compare);
  if (new RegExp(String.raw`\b${scope}\b`).test(rest)) throw unreadable(`its matcher (${matcher})`);
  const elsewhere = [rest, 'p_eft p_priority', ...groupings.flatMap(({ of, role }) => [of, role])].join(' ');
  const conditions = conditionsOf(matcher);
  const demanded = conditions.map((condition) => {
    const [, ofGlob, right, left] =
      new RegExp(
        `^(?:keyMatch\\s*\\(\\s*${it}\\s*,\\s*(\\w+)\\s*\\)|${it}\\s*==\\s*(\\w+)|(\\w+)\\s*==\\s*${it})$`,
      ).exec(condition) ?? [];
    return ofGlob ?? right ?? left;
  });
  const isPlain = (one: Term): boolean =>
    demanded.includes(one) && compared.filter((other) => other === one).length === 1 && !hasWord(elsewhere, one);
  const mingled = new Set(compared.filter((one) => !isPlain(one)));
  const required = conditions.flatMap((condition) => {
    const { ptype, of, role } = new RegExp(`^${roles}$`).exec(condition)?.groups ?? {};
    if (of?.startsWith('r_') && role?.startsWith('p_')) return [{ of, column: role, ptype }];
    const sides = /^([rp]_\w+)\s*==\s*([rp]_\w+)$/.exec(condition)?.slice(1).sort() ?? [];
    const [column, asked] = sides;
    return column?.startsWith('p_') && asked?.startsWith('r_') && asked !== scope ? [{ of: asked, column }] : [];
  });
  return { arity: 3, compared, mingled, required, groupings };
}

function hasWord(text: string, word: string): boolean {
  return new RegExp(String.raw`\b${word}\b`).test(text);
}

/** What a matcher joins by `&&`, outside of all parentheses; nothing if it is not joined by that alone. */
function conditionsOf(matcher: string): string[] {
  if (/["'\\]/.test(matcher)) return []; // what stands in a text is no sign
  let depth = 0;
  let outside = '';
  const ends = [0];
  for (const [at, sign] of [...matcher].entries()) {
    if (sign === '(') depth += 1;
    if (depth === 0) outside += sign;
    if (depth === 0 && matcher.startsWith('&&', at)) ends.push(at + 2);
    if (sign === ')') depth -= 1;
  }
  if (/[|?:,;]/.test(outside)) return [];
  return ends.map((end, at) => matcher.slice(end, (ends[at + 1] ?? matcher.length + 2) - 2).trim());
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
