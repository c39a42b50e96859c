import { InvalidInputError } from './grantlog.error';
import { knownFields } from './known-fields';

/**
 * Where somebody may see what was done and who has what: everywhere, or in some scopes. A scope with a star is a glob, as Casbin's keyMatch
 * reads it: `lib^lib:Org1:*` is everything that begins with `lib^lib:Org1:`, and `*` is everything. What lies in no scope (a policy or
 * grouping without one, a record of reading) may name any scope, and is seen by those who see everything, without exceptions.
 */
export type VisibleScopes = 'all' | VisiblePart;

export interface VisiblePart {
  /** Scopes and globs. */
  readonly scopes?: readonly string[];
  /** Namespaces of scopes, such as `lib`. */
  readonly namespaces?: readonly string[];
  /** Scopes and globs that are not seen after all. */
  readonly except?: readonly string[];
}

/** For whom something is read. */
export interface ReadOptions {
  /** Where the reader may see; what lies elsewhere is as if it were not there. Default: `'all'` */
  readonly visible?: VisibleScopes;
}

/** The columns in which a table says where. */
export interface ScopeColumns {
  readonly scope: string;
  readonly namespace: string;
}

/**
 * SQL of what is visible; `undefined` if everything is.
 * @param parameter takes a value and says how SQL calls it
 * @throws InvalidInputError if `visible` is something else: what it was meant to hide must not be shown
 */
export function visibleSql(
  visible: VisibleScopes,
  { scope, namespace }: ScopeColumns,
  parameter: (value: unknown) => string,
): string | undefined {
  const { scopes = [], namespaces = [], except = [] } = partOf(checkedVisible(visible));
  if (isEverywhere(except)) return 'false';
  const [excepted, ...more] = among(except, scope, parameter);
  const not = excepted && `NOT (${[excepted, ...more].join(' OR ')})`; // of no scope it is NULL, which shows nothing
  if (isEverywhere(scopes)) return not;
  const ways = [...among(scopes, scope, parameter)];
  if (namespaces.length > 0) ways.push(`${namespace} = ANY(${parameter(namespaces)}::text[])`);
  const seen = ways.length > 0 ? `(${ways.join(' OR ')})` : 'false';
  return not === undefined ? seen : `${seen} AND ${not}`;
}

/** The same, of one scope that is at hand; `null` is no scope. */
export function isVisible(
  visible: VisibleScopes,
  scope: string | null,
  namespaceOf: (scope: string) => string,
): boolean {
  if (scope === null) return seesEverything(visible);
  if (isExcepted(visible, scope)) return false;
  const { scopes = [], namespaces = [] } = partOf(visible);
  return scopes.some((one) => covers(one, scope)) || namespaces.includes(namespaceOf(scope));
}

/** Whether nothing is hidden but what is excepted. */
export function seesEverywhere(visible: VisibleScopes): boolean {
  const { scopes = [], except = [] } = partOf(visible);
  return isEverywhere(scopes) && !isEverywhere(except);
}

/** Whether nothing is hidden at all, so that what may name any scope can be shown. */
export function seesEverything(visible: VisibleScopes): boolean {
  const { scopes = [], except = [] } = partOf(visible);
  return isEverywhere(scopes) && except.length === 0;
}

export function isExcepted(visible: VisibleScopes, scope: string): boolean {
  return partOf(visible).except?.some((one) => covers(one, scope)) === true;
}

/** The same as a part: everything is `*`. */
export function partOf(visible: VisibleScopes): VisiblePart {
  return visible === 'all' ? { scopes: ['*'] } : visible;
}

/** What everything that a glob matches begins with; `undefined` if it is none. */
export function prefixOf(scope: string): string | undefined {
  const at = scope.indexOf('*');
  return at < 0 ? undefined : scope.slice(0, at);
}

function covers(seen: string, scope: string): boolean {
  const prefix = prefixOf(seen);
  return prefix === undefined ? seen === scope : scope.startsWith(prefix);
}

function isEverywhere(scopes: readonly string[]): boolean {
  return scopes.some((one) => prefixOf(one) === '');
}

/** Exact scopes by one comparison, globs by what they begin with. */
function among(scopes: readonly string[], column: string, parameter: (value: unknown) => string): string[] {
  const exact = scopes.filter((one) => prefixOf(one) === undefined);
  const prefixes = scopes.flatMap((one) => prefixOf(one) ?? []);
  return [
    ...(exact.length > 0 ? [`${column} = ANY(${parameter(exact)}::text[])`] : []),
    ...(prefixes.length > 0 ? [`${column} ^@ ANY(${parameter(prefixes)}::text[])`] : []),
  ];
}

const parts = ['scopes', 'namespaces', 'except'] as const;

/** @throws InvalidInputError if it is neither `'all'` nor lists of texts */
export function checkedVisible(visible: VisibleScopes): VisibleScopes {
  if (visible === 'all') return visible;
  knownFields(visible, parts, 'visible');
  const wrong = parts.find((part) => visible[part] !== undefined && !isListOfTexts(visible[part]));
  if (wrong) {
    const problem = 'must be a list of texts that are not empty, in valid Unicode without NUL';
    throw new InvalidInputError(`visible.${wrong}`, problem);
  }
  return visible;
}

function isListOfTexts(values: unknown): boolean {
  return Array.isArray(values) && values.every((value) => typeof value === 'string' && isText(value));
}

/** Whether PostgreSQL takes it; it would refuse others in words that name nothing. Policies may name what is no key of Grantlog's. */
function isText(value: string): boolean {
  return value !== '' && !value.includes('\0') && value.isWellFormed();
}
