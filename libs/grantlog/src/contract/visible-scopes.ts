/**
 * Where somebody may see what was done and who has what: everywhere, or in some scopes. A scope with a star is a glob, as Casbin's keyMatch
 * reads it: `lib^lib:Org1:*` is everything that begins with `lib^lib:Org1:`, and `*` is everything. What lies in no scope (a policy or
 * grouping without one) is seen by those who see everything.
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

/** The columns in which a table says where. */
export interface ScopeColumns {
  readonly scope: string;
  readonly namespace: string;
}

/**
 * SQL of what is visible; `undefined` if everything is.
 * @param parameter takes a value and says how SQL calls it
 */
export function visibleSql(
  visible: VisibleScopes,
  { scope, namespace }: ScopeColumns,
  parameter: (value: unknown) => string,
): string | undefined {
  if (visible === 'all' || visible.scopes?.some((one) => prefixOf(one) === ''))
    return exceptSql(visible, scope, parameter);
  const { scopes = [], namespaces = [] } = visible;
  const ways = [...among(scopes, scope, parameter)];
  if (namespaces.length > 0) ways.push(`${namespace} = ANY(${parameter(namespaces)}::text[])`);
  const seen = ways.length > 0 ? `(${ways.join(' OR ')})` : 'false';
  const not = exceptSql(visible, scope, parameter);
  return not === undefined ? seen : `${seen} AND ${not}`;
}

function exceptSql(visible: VisibleScopes, scope: string, parameter: (value: unknown) => string): string | undefined {
  const except = visible === 'all' ? [] : (visible.except ?? []);
  const ways = among(except, scope, parameter);
  return ways.length > 0 ? `(${scope} IS NULL OR NOT (${ways.join(' OR ')}))` : undefined;
}

/** Exact scopes by one comparison; each glob by what it begins with. */
function among(scopes: readonly string[], column: string, parameter: (value: unknown) => string): string[] {
  const exact = scopes.filter((one) => prefixOf(one) === undefined);
  const prefixes = scopes.flatMap((one) => prefixOf(one) ?? []);
  return [
    ...(exact.length > 0 ? [`${column} = ANY(${parameter(exact)}::text[])`] : []),
    ...prefixes.map((prefix) => `starts_with(${column}, ${parameter(prefix)}::text)`),
  ];
}

/** What everything that a glob matches begins with; `undefined` if it is none. */
export function prefixOf(scope: string): string | undefined {
  const at = scope.indexOf('*');
  return at < 0 ? undefined : scope.slice(0, at);
}
