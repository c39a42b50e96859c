import type { DataSource } from 'typeorm';
import type { AuditRecord } from '../contract/audit-record';
import { InvalidInputError } from '../contract/grantlog.error';
import { knownFields } from '../contract/known-fields';
import { type KeySyntax, plainText } from '../contract/namespaced-key';
import {
  checkedVisible,
  partOf,
  prefixOf,
  type ReadOptions,
  seesEverything,
  type VisibleScopes,
  visibleSql,
} from '../contract/visible-scopes';
import { query } from '../database/query';
import type { Conditions } from './audit-conditions';
import { oneOf } from './checked-filter';
import { hasVisible, keyLeaps } from './key-leaps.sql';
import { KeyRangeFinder, lastCharacter, narrowest } from './key-ranges';
import { LogHead } from './log-head';
import { RecordSearch } from './record-search';
import {
  type KeyField,
  keyFields,
  type KeySuggestion,
  type NamespacesInUse,
  type SuggestionQuery,
} from './suggestion-query';

export const mostSuggestions = 50;
const defaultSuggestions = 10;

/** Namespaces of a field, and leaps to find them: where keys have none, each key is a leap. */
const mostNamespaces = 100;
const namespaceLeaps = 1_000;

/** Leaps to find keys, from all prefixes together: those that somebody may see lie among others, whose records may have to be looked at. */
const mostLeaps = { keys: 5_000, records: 300 } as const;
const fewestLeaps = 10;

/** So many scopes that somebody may see are looked for one by one. */
const mostPrefixes = 1_000;

/** The newest records that somebody may see: what they name can be suggested whatever else there is. */
const lately = 500;
/** Where they are looked for along the log, that is as far as it goes. */
const lookedThrough = 20_000n;

/** Where to look: keys that begin with it; or only those of them that have no namespace. */
interface Beginning {
  readonly prefix: string;
  readonly bare: boolean;
}

/** Tells which keys and namespaces occur in the log, to those who see a record that has them. */
export class KeysInUse {
  private readonly head: LogHead;
  private readonly ranges: KeyRangeFinder;
  private readonly search: RecordSearch;

  constructor(
    private readonly dataSource: DataSource,
    private readonly keys: KeySyntax,
  ) {
    this.head = new LogHead(dataSource);
    this.ranges = new KeyRangeFinder(dataSource, keys);
    this.search = new RecordSearch(dataSource, keys);
  }

  async namespaces({ visible = 'all' }: ReadOptions = {}): Promise<NamespacesInUse> {
    if (seesEverything(checkedVisible(visible))) return this.eachNamespaces();
    const seen = await this.seenLately(visible);
    const of = (field: KeyField): string[] => {
      const keys = keysOf(seen, field).filter((key) => this.hasNamespace(key));
      return [...new Set(keys.map((key) => this.keys.namespaceOf(key)))].sort();
    };
    return {
      subject: of('subject'),
      role: of('role'),
      scope: await this.visibleNamespaces(visible),
      actor: of('actor'),
    };
  }

  async suggestions(asked: SuggestionQuery, { visible = 'all' }: ReadOptions = {}): Promise<KeySuggestion[]> {
    const { word, field, limit } = checkedSuggestion(asked);
    const seen = seesEverything(checkedVisible(visible)) ? [] : await this.seenLately(visible);
    const found: KeySuggestion[][] = [];
    for (const one of field ? [field] : keyFields) {
      const beginnings = await this.beginningsOf(word, one);
      const keys = await this.beginningWith(one, beginnings, visible, limit);
      keys.push(...keysOf(seen, one).filter((key) => beginnings.some((beginning) => this.begins(key, beginning))));
      found.push([...new Set(keys)].slice(0, limit).map((key) => ({ field: one, key })));
    }
    return fairly(found, limit);
  }

  /** With a separator in it, a word is the beginning of a key; without, it may also be that of a key without namespace. */
  private async beginningsOf(word: string, field: KeyField): Promise<Beginning[]> {
    if (this.hasNamespace(word)) return [{ prefix: word, bare: false }];
    const namespaces = await this.namespacesOf(field);
    const behind = namespaces.map((namespace) => ({
      prefix: `${namespace}${this.keys.separator}${word}`,
      bare: false,
    }));
    return [...behind, { prefix: word, bare: true }];
  }

  private async beginningWith(
    field: KeyField,
    beginnings: readonly Beginning[],
    visible: VisibleScopes,
    limit: number,
  ): Promise<string[]> {
    const isHidden = !seesEverything(visible);
    const where = field === 'scope' && isHidden ? this.within(beginnings, visible) : beginnings;
    const passed = field === 'scope' ? (partOf(visible).except ?? []).flatMap((scope) => prefixOf(scope) ?? []) : [];
    const most = isHidden && field !== 'scope' ? mostLeaps.records : mostLeaps.keys;
    const leaps = Math.max(fewestLeaps, Math.floor(most / (where.length || 1)));
    const parameters = [...this.walk(where), leaps, limit, passed, lastCharacter] as unknown[];
    const shown = this.shownTo(visible, field, (value) => `$${parameters.push(value)}`);
    const told = `NOT (past_namespaces AND strpos(key, $3::text) > 0) AND CASE WHEN ${shown} THEN true ELSE false END`;
    const rows = await query<{ key: string }>(this.dataSource, keyLeaps(field, told), parameters);
    return rows.map(({ key }) => key);
  }

  /** Where a visible scope may begin so. A walk through all that begin so might meet none. */
  private within(beginnings: readonly Beginning[], visible: VisibleScopes): Beginning[] {
    const { scopes = [], namespaces = [] } = partOf(visible);
    const seen = [
      ...scopes.map((scope) => prefixOf(scope) ?? scope),
      ...namespaces.flatMap((namespace) => [namespace, `${namespace}${this.keys.separator}`]),
    ];
    const both = beginnings.flatMap(({ prefix, bare }) =>
      seen.flatMap((one) => narrowest(prefix, one) ?? []).map((narrow) => ({ prefix: narrow, bare })),
    );
    return [...new Map(both.map((one) => [JSON.stringify(one), one])).values()].slice(0, mostPrefixes);
  }

  /** SQL of whether a key is told. */
  private shownTo(visible: VisibleScopes, field: KeyField, parameter: (value: unknown) => string): string {
    const columns =
      field === 'scope'
        ? { scope: 'leap.key', namespace: `split_part(leap.key, $3::text, 1)` }
        : { scope: 'scope', namespace: 'scope_namespace' };
    const sql = visibleSql(visible, columns, parameter);
    if (sql === undefined) return 'true';
    return field === 'scope' ? sql : hasVisible(field, sql);
  }

  private async eachNamespaces(): Promise<NamespacesInUse> {
    const of = (field: KeyField): Promise<string[]> => this.namespacesOf(field);
    return { subject: await of('subject'), role: await of('role'), scope: await of('scope'), actor: await of('actor') };
  }

  /** A scope without namespace is one of its own, as `scopeNamespace` has it. */
  private async namespacesOf(field: KeyField): Promise<string[]> {
    const isScope = field === 'scope';
    const sql = keyLeaps(isScope ? 'scope_namespace' : field, isScope ? 'true' : 'strpos(key, $3::text) > 0');
    const everything = [...this.walk([{ prefix: '', bare: true }]), namespaceLeaps, mostNamespaces, [], lastCharacter];
    const rows = await query<{ key: string }>(this.dataSource, sql, everything);
    return rows.map(({ key }) => this.keys.namespaceOf(key));
  }

  private async visibleNamespaces(visible: VisibleScopes): Promise<string[]> {
    const shown: string[] = [];
    for (const namespace of await this.namespacesOf('scope')) {
      const behind = { prefix: `${namespace}${this.keys.separator}`, bare: false };
      const [one] = await this.beginningWith('scope', [behind], visible, 1);
      const [bare] =
        one === undefined ? await this.beginningWith('scope', [{ prefix: namespace, bare: true }], visible, 1) : [];
      if (one !== undefined || bare === namespace) shown.push(namespace);
    }
    return shown;
  }

  /** If it lies in too many places to look there, it is met soon; or else it is looked for no further. */
  private async seenLately(visible: VisibleScopes): Promise<AuditRecord[]> {
    const places = await this.ranges.findPlaces({}, visible);
    const { seq } = await this.head.read();
    const after = places ? '0' : String(BigInt(seq) - lookedThrough);
    const bounded = (conditions: Conditions): Conditions => conditions.after(after);
    return this.search.find({ filter: {}, visible, direction: 'DESC', limit: lately, bounded });
  }

  private walk(beginnings: readonly Beginning[]): [string[], boolean[], string] {
    return [beginnings.map(({ prefix }) => prefix), beginnings.map(({ bare }) => bare), this.keys.separator];
  }

  private begins(key: string, { prefix, bare }: Beginning): boolean {
    return key.startsWith(prefix) && !(bare && this.hasNamespace(key));
  }

  private hasNamespace(key: string): boolean {
    return key.includes(this.keys.separator);
  }
}

function keysOf(records: readonly AuditRecord[], field: KeyField): string[] {
  return records.flatMap((record) => record[field] ?? []);
}

function checkedSuggestion(asked: SuggestionQuery): SuggestionQuery & { readonly limit: number } {
  knownFields(asked, ['word', 'field', 'limit'], '');
  const { word, field, limit = defaultSuggestions } = asked;
  plainText(word, 'word');
  oneOf(keyFields, field, 'field');
  if (Number.isInteger(limit) && limit >= 1 && limit <= mostSuggestions) return { word, field, limit };
  throw new InvalidInputError('limit', `must be a whole number from 1 to ${mostSuggestions}; got ${limit}`);
}

/** The first ones of each list in turn, until there are enough; list by list, in the order of their bytes. */
function fairly(lists: readonly (readonly KeySuggestion[])[], limit: number): KeySuggestion[] {
  const turns = Array.from({ length: limit }, (_, turn) => lists.flatMap((list) => list[turn] ?? []));
  const chosen = new Set(turns.flat().slice(0, limit));
  const byKey = (one: KeySuggestion, other: KeySuggestion): number => (one.key < other.key ? -1 : 1);
  return lists.flatMap((list) => list.filter((one) => chosen.has(one)).sort(byKey));
}
