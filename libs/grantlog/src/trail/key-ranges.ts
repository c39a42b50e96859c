import type { DataSource } from 'typeorm';
import { type AuditEventType, auditEventTypes } from '../contract/audit-event';
import type { KeySyntax } from '../contract/namespaced-key';
import { isExcepted, partOf, prefixOf, type VisibleScopes } from '../contract/visible-scopes';
import { query } from '../database/query';
import type { AuditFilter } from './audit-query';

/** Keys of a column with an index ending in seq: the records of each are one range of it. */
export interface KeyRanges {
  readonly column: PlaceRanges['column'] | 'type' | 'outcome';
  readonly keys: readonly string[];
}

/** Those that lie where somebody may look, or begin with something. */
export interface PlaceRanges {
  readonly column: 'subject' | 'scope' | 'scope_namespace';
  readonly keys: readonly string[];
}

/** So many keys that begin alike are looked up one by one; of more, the records are dense enough to be met on a walk. */
const mostKeys = 1_000;

/**
 * The keys in the log that begin with one of some prefixes ($1), up to $2 of them. It leaps from key to key, one descent of the index
 * each, however many records a key has, and past what begins with one of other prefixes ($3), to what comes behind that ($4).
 */
const distinctKeys = (column: string): string => {
  const first = (condition: string): string =>
    `(SELECT ${column} FROM audit_record WHERE ${column} ${condition} ORDER BY ${column} LIMIT 1)`;
  const passed = `(SELECT behind FROM unnest($3::text[], $4::text[]) AS passed(prefix, behind)
    WHERE leap.key ^@ passed.prefix ORDER BY length(passed.prefix) LIMIT 1)`;
  return `
    WITH RECURSIVE leap(prefix, key) AS (
      SELECT prefix, ${first('>= prefix')} FROM unnest($1::text[]) AS given(prefix)
      UNION ALL
      SELECT prefix, ${first(`> greatest(leap.key, ${passed})`)} FROM leap WHERE leap.key ^@ prefix)
    SELECT key FROM leap WHERE key ^@ prefix AND NOT key ^@ ANY($3::text[]) LIMIT $2`;
};

/** The last character that there is. */
export const lastCharacter = '\u{10FFFF}';

/** Where what a query asks for, or what somebody may see, is to be found. */
interface Places {
  readonly scopes: readonly string[];
  readonly namespaces: readonly string[];
  readonly prefixes: readonly string[];
}

/** Finds the ranges of keys in which everything lies that a query without a leading key may find. */
export class KeyRangeFinder {
  constructor(
    private readonly dataSource: DataSource,
    private readonly keys: KeySyntax,
  ) {}

  /** @returns `undefined` if there are too many, or if it could lie anywhere */
  async find(filter: AuditFilter, visible: VisibleScopes): Promise<KeyRanges[] | undefined> {
    const [rarest] = kindsOf(filter);
    if (rarest?.column === 'outcome') return [rarest];
    return (await this.findPlaces(filter, visible)) ?? (rarest && [rarest]);
  }

  /** The same by subjects and scopes alone. */
  async findPlaces(filter: AuditFilter, visible: VisibleScopes): Promise<PlaceRanges[] | undefined> {
    const { subjectPrefix } = filter;
    const subjects = subjectPrefix === undefined ? undefined : await this.beginningWith('subject', [subjectPrefix]);
    if (subjects) return [{ column: 'subject', keys: subjects }];
    const places = this.placesOf(filter, visible);
    if (!places) return undefined;
    const passed = (partOf(visible).except ?? []).flatMap((scope) => prefixOf(scope) ?? []);
    const expanded = await this.beginningWith('scope', places.prefixes, passed);
    if (!expanded) return undefined;
    const namespaces = new Set(places.namespaces);
    const scopes = [...places.scopes, ...expanded].filter(
      (scope) => !isExcepted(visible, scope) && !namespaces.has(this.keys.namespaceOf(scope)),
    );
    return [
      { column: 'scope', keys: [...new Set(scopes)] },
      { column: 'scope_namespace', keys: [...namespaces] },
    ];
  }

  /** What is visible, as far as it lies where the filter says. */
  private placesOf({ scopePrefix = '', scopeNamespace }: AuditFilter, visible: VisibleScopes): Places | undefined {
    const { scopes = [], namespaces = [], except = [] } = partOf(visible);
    const within = (scope: string): boolean =>
      scope.startsWith(scopePrefix) &&
      (scopeNamespace ?? this.keys.namespaceOf(scope)) === this.keys.namespaceOf(scope);
    // Of a namespace with exceptions, or with scopes that begin otherwise, those may be the most: its scopes are told apart.
    const isWhole = (namespace: string): boolean => except.length === 0 && namespace.startsWith(scopePrefix);
    const [whole, parted] = [namespaces.filter(isWhole), namespaces.filter((namespace) => !isWhole(namespace))];
    const asked = scopeNamespace === undefined ? '' : `${scopeNamespace}${this.keys.separator}`;
    const itself = scopeNamespace === undefined ? [] : [scopeNamespace]; // a bare key is a namespace, too
    const given = [
      ...scopes.flatMap((scope) => prefixOf(scope) ?? []),
      ...parted.map((namespace) => `${namespace}${this.keys.separator}`),
    ];
    const prefixes = withoutCovered(given.flatMap((prefix) => narrowest(prefix, scopePrefix, asked) ?? []));
    if (prefixes.includes('')) return undefined;
    const namespaceOf = (prefix: string): string => prefix.slice(0, -this.keys.separator.length);
    const isNamespace = (prefix: string): boolean =>
      except.length === 0 && prefix === `${this.keys.namespaceOf(prefix)}${this.keys.separator}`;
    return {
      scopes: [...scopes.filter((scope) => prefixOf(scope) === undefined), ...parted, ...itself].filter(within),
      namespaces: [
        ...whole.filter((namespace) => scopeNamespace === undefined || namespace === scopeNamespace),
        ...prefixes.filter(isNamespace).map(namespaceOf),
      ],
      prefixes: prefixes.filter((prefix) => !isNamespace(prefix)),
    };
  }

  private async beginningWith(
    column: 'subject' | 'scope',
    prefixes: readonly string[],
    passed: readonly string[] = [],
  ): Promise<string[] | undefined> {
    if (prefixes.length === 0) return [];
    const parameters = [prefixes, mostKeys + 1, passed, passed.map((prefix) => `${prefix}${lastCharacter}`)];
    const rows = await query<{ key: string }>(this.dataSource, distinctKeys(column), parameters);
    return rows.length > mostKeys ? undefined : rows.map(({ key }) => key);
  }
}

/** The ranges of each column of few values that a filter asks for, the one with fewer records first. Most have succeeded: no index has those. */
export function kindsOf({ outcome, type, operation }: AuditFilter): KeyRanges[] {
  const kinds: KeyRanges[] = [];
  if (outcome !== undefined && outcome !== 'success') kinds.push({ column: 'outcome', keys: [outcome] });
  if (type === undefined && operation === undefined) return kinds;
  const fits = (one: AuditEventType): boolean =>
    (type ?? one) === one && (operation === undefined || one.endsWith(`.${operation}`));
  return [...kinds, { column: 'type', keys: auditEventTypes.filter(fits) }];
}

/** The longest of some prefixes, if what begins with it begins with the others too. */
export function narrowest(...prefixes: readonly string[]): string | undefined {
  const [longest = '', ...others] = [...prefixes].sort((one, other) => other.length - one.length);
  return others.every((other) => longest.startsWith(other)) ? longest : undefined;
}

/** Without those that begin with another one. */
function withoutCovered(prefixes: readonly string[]): string[] {
  const kept: string[] = [];
  for (const prefix of [...new Set(prefixes)].sort()) {
    const last = kept.at(-1);
    if (last === undefined || !prefix.startsWith(last)) kept.push(prefix);
  }
  return kept;
}
