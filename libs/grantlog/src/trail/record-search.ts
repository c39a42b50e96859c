import type { DataSource } from 'typeorm';
import type { AuditRecord } from '../contract/audit-record';
import type { KeySyntax } from '../contract/namespaced-key';
import { checkedVisible, seesEverywhere, type VisibleScopes } from '../contract/visible-scopes';
import { query } from '../database/query';
import { Conditions, type Direction, leadingField } from './audit-conditions';
import type { AuditFilter } from './audit-query';
import { type KeyRanges, KeyRangeFinder, kindsOf } from './key-ranges';
import { recordColumns } from './record-columns';

/** What is looked for, and from where. */
export interface Search {
  readonly filter: AuditFilter;
  readonly visible: VisibleScopes;
  readonly direction: Direction;
  readonly limit: number;
  /** Adds where the page begins and ends. */
  readonly bounded: (conditions: Conditions) => Conditions;
}

/** Records that are merged at once. */
const mostMerged = 101;

/** A walk looks at so many times as many records as it is to find; then they are too far apart to go on. */
const patience = 20;

/**
 * Finds records in the order of seq by ranges of indexes alone. With a key, that is one range. What may lie in many scopes, or begins
 * with something, is met soon on a walk along the log if it is frequent; if it is rare, the ranges of its keys are merged, which costs the
 * same wherever in the log they lie. There the planner is not shown what is asked of records besides (CASE): expecting few of them, it
 * would read and sort a whole range.
 */
export class RecordSearch {
  private readonly ranges: KeyRangeFinder;

  constructor(
    private readonly dataSource: DataSource,
    keys: KeySyntax,
  ) {
    this.ranges = new KeyRangeFinder(dataSource, keys);
  }

  async find(search: Search): Promise<AuditRecord[]> {
    const { filter, visible, limit } = search;
    if (!isScattered(filter, checkedVisible(visible))) return this.walk(search);
    if (isOfKinds(filter, visible)) return this.merge(search, kindsOf(filter).slice(0, 1));
    const near = await this.look(search, limit * patience);
    if (near.length === limit) return near;
    const ranges = await this.ranges.find(filter, visible);
    return ranges ? this.merge(search, ranges) : this.walk(search);
  }

  private walk(search: Search): Promise<AuditRecord[]> {
    const conditions = conditionsOf(search);
    const { direction, limit } = search;
    return this.select(
      `FROM audit_record WHERE ${conditions.where} ORDER BY ${conditions.orderBy(direction)} LIMIT ${limit}`,
      conditions,
    );
  }

  /** Walks along no more than some records. The planner does not see what is asked of them, and so has no other way. */
  private look(search: Search, most: number): Promise<AuditRecord[]> {
    const conditions = conditionsOf(search);
    const { direction, limit } = search;
    const order = conditions.orderBy(direction);
    return this.select(
      `FROM (SELECT * FROM audit_record WHERE ${conditions.range()} ORDER BY ${order} LIMIT ${most}) AS audit_record
       WHERE ${conditions.rest()} ORDER BY audit_record.seq ${direction} LIMIT ${limit}`,
      conditions,
    );
  }

  /** In portions: what one costs beside the looks at each range grows with the square of it. */
  private async merge(search: Search, ranges: readonly KeyRanges[]): Promise<AuditRecord[]> {
    const filled = ranges.filter(({ keys }) => keys.length > 0);
    const found: AuditRecord[] = [];
    while (filled.length > 0 && found.length < search.limit) {
      const most = Math.min(mostMerged, search.limit - found.length);
      const portion = await this.mergeSome(search, filled, most, found.at(-1)?.seq);
      found.push(...portion);
      if (portion.length < most) break;
    }
    return found;
  }

  /**
   * The first records of all ranges lie in those ranges whose own first record comes first, in as many of them as there are records: of
   * the others one record each is looked at.
   * @param passed the seq of the last record of the portion before
   */
  private mergeSome(
    search: Search,
    ranges: readonly KeyRanges[],
    most: number,
    passed?: string,
  ): Promise<AuditRecord[]> {
    const conditions = conditionsOf(search);
    const { direction } = search;
    if (passed !== undefined) conditions[direction === 'ASC' ? 'after' : 'before'](passed);
    const { lower, upper } = conditions.bounds;
    const once = { lower: '(SELECT lower FROM bounds)', upper: '(SELECT upper FROM bounds)' };
    const firstOf = (column: string, key: string, count: number): string => {
      const leader = { column, key };
      return `(
        SELECT audit_record.seq FROM audit_record
        WHERE ${conditions.range(once, leader)} AND CASE WHEN ${conditions.rest(leader)} THEN true ELSE false END
        ORDER BY ${conditions.orderBy(direction, leader)} LIMIT ${count}) AS record`;
    };
    const first = ranges.map(
      ({ column, keys }) => `
        SELECT '${column}' AS index, wanted.key, record.seq
        FROM unnest(${conditions.parameter(keys)}::text[]) AS wanted(key) CROSS JOIN LATERAL ${firstOf(column, 'wanted.key', 1)}`,
    );
    const found = ranges.map(
      ({ column }) => `
        SELECT record.seq FROM (SELECT key FROM foremost WHERE index = '${column}') AS foremost
        CROSS JOIN LATERAL ${firstOf(column, 'foremost.key', most)}`,
    );
    return this.select(
      `FROM (SELECT seq AS found FROM (${found.join(' UNION ALL ')}) AS found ORDER BY seq ${direction} LIMIT ${most}) AS page
       JOIN audit_record ON audit_record.seq = page.found ORDER BY audit_record.seq ${direction}`,
      conditions,
      `WITH bounds AS MATERIALIZED (SELECT ${lower} AS lower, ${upper} AS upper),
        foremost AS MATERIALIZED (
          SELECT * FROM (${first.join(' UNION ALL ')}) AS first ORDER BY seq ${direction} LIMIT ${most})`,
    );
  }

  private async select(from: string, { parameters }: Conditions, before = ''): Promise<AuditRecord[]> {
    const rows = await query<AuditRecord>(this.dataSource, `${before} SELECT ${recordColumns} ${from}`, parameters);
    return rows.map((row) => Object.freeze(row));
  }
}

function conditionsOf({ filter, visible, bounded }: Search): Conditions {
  return bounded(new Conditions(filter, visible));
}

/** What many records may have, or none. */
const scattering = ['subjectPrefix', 'scopePrefix', 'type', 'operation', 'outcome'] as const;

/** Whether what a query finds may lie in more ranges than one. A namespace holds much else besides the scopes that somebody sees of it. */
export function isScattered(filter: AuditFilter, visible: VisibleScopes): boolean {
  const leader = leadingField(filter);
  if (leader === 'scopeNamespace') return !seesEverywhere(visible);
  if (leader !== undefined) return false;
  return !seesEverywhere(visible) || scattering.some((name) => filter[name] !== undefined);
}

/** Whether the ranges of what a query asks for are known without a look: it tells kinds of event apart, and nothing of where they are. */
function isOfKinds(filter: AuditFilter, visible: VisibleScopes): boolean {
  const { subjectPrefix, scopePrefix } = filter;
  return seesEverywhere(visible) && (subjectPrefix ?? scopePrefix) === undefined && kindsOf(filter).length > 0;
}
