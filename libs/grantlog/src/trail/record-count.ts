import type { VisibleScopes } from '../contract/visible-scopes';
import type { Send } from '../database/own-transaction';
import { type Bounds, Conditions, type Leader, leadingField } from './audit-conditions';
import type { AuditFilter } from './audit-query';
import type { KeyRanges } from './key-ranges';
import type { Bucket } from './time-buckets';

/** How many entries of an index are looked at, newest first; where it is more, the oldest buckets are not counted. */
export interface CountLimits {
  /** If each entry's record has to be read as well. */
  readonly records: number;
  /** If nothing is asked but keys of one index, so that nothing else is read. */
  readonly keys: number;
}

/** What is counted. */
export interface Counted {
  readonly filter: AuditFilter;
  readonly visible: VisibleScopes;
  /** Where all of it lies; `undefined` if the leading key tells, or if it may lie anywhere. */
  readonly ranges: readonly KeyRanges[] | undefined;
}

interface Row {
  readonly place: string;
  readonly looked: string;
  readonly found: string;
}

/** The planner's own ways would read more than an index has between two entries. */
export const planning = `BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;
  SET LOCAL enable_sort = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;
  SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off`;

/** The fields of a filter that a range of keys has already answered. */
const answeredBy: Readonly<Record<KeyRanges['column'], readonly (keyof AuditFilter)[]>> = {
  type: ['type', 'operation'],
  outcome: ['outcome'],
  subject: ['subjectPrefix'],
  scope: ['scopePrefix'],
  scope_namespace: [], // a bare key is a namespace, too, and begins otherwise
};

/** Counts records bucket by bucket, exactly, as far back as it may look. */
export class RecordCount {
  private readonly ranges: readonly KeyRanges[] | undefined;
  private readonly filter: AuditFilter;
  private readonly visible: VisibleScopes;
  private readonly most: number;

  constructor({ filter, visible, ranges }: Counted, limits: CountLimits) {
    this.ranges = ranges?.filter(({ keys }) => keys.length > 0);
    const { from: _, to: __, ...others } = filter; // the buckets say it
    this.filter = beyond(this.ranges, others);
    this.visible = visible;
    this.most = this.asksKeysAlone ? limits.keys : limits.records;
  }

  /** Each bucket's count, `undefined` of those that are not counted. */
  async of(buckets: readonly Bucket[], send: Send): Promise<(number | undefined)[]> {
    if (this.isEverything) return buckets.map(({ low, high }) => Number(BigInt(high) - BigInt(low)));
    if (!this.ranges) return this.alongOne(buckets, send);
    const [first, ...others] = this.ranges.flatMap(({ column, keys }) => keys.map((key) => ({ column, key })));
    if (!first) return buckets.map(() => 0);
    return others.length === 0 ? this.alongOne(buckets, send, first) : this.alongMany(this.ranges, buckets, send);
  }

  /** The statement that counts along one index. @param only the one range in which all of it lies, if the filter's own key does not lead */
  statement(buckets: readonly Bucket[], only?: Leader): Counting {
    const conditions = new Conditions(this.filter, this.visible);
    const leader = only && { column: only.column, key: `(SELECT ${conditions.parameter(only.key)}::text)` };
    const range = conditions.range(boundsOf(buckets, conditions), leader);
    const order = conditions.orderBy('DESC', leader);
    const records = `SELECT ${this.columns} FROM audit_record WHERE ${range} ORDER BY ${order} LIMIT ${this.most + 1}`;
    return counting(records, conditions.rest(leader), buckets, conditions);
  }

  /** Between two seqs there is then no record that does not count. */
  private get isEverything(): boolean {
    return this.ranges === undefined && leadingField(this.filter) === undefined && this.asksKeysAlone;
  }

  private get asksKeysAlone(): boolean {
    return new Conditions(this.filter, this.visible).rest(this.ranges && someRange) === 'true';
  }

  private get columns(): string {
    return this.asksKeysAlone ? 'audit_record.seq' : 'audit_record.*';
  }

  private async alongOne(buckets: readonly Bucket[], send: Send, only?: Leader): Promise<(number | undefined)[]> {
    const { text, parameters } = this.statement(buckets, only);
    const rows = await send<Row>({ text }, parameters);
    const looked = rows.reduce((sum, row) => sum + Number(row.looked), 0);
    const oldest = Math.min(...rows.map(({ place }) => Number(place)));
    return countsOf(buckets, rows, looked > this.most ? oldest : 0);
  }

  private async alongMany(
    ranges: readonly KeyRanges[],
    buckets: readonly Bucket[],
    send: Send,
  ): Promise<(number | undefined)[]> {
    const uncounted = await this.reach(ranges, buckets, send);
    const counted = buckets.slice(uncounted);
    const none = buckets.slice(0, uncounted).map(() => undefined);
    if (counted.length === 0) return none;
    const conditions = new Conditions(this.filter, this.visible);
    const records = recordsIn(ranges, boundsOf(counted, conditions), this.columns, conditions);
    const { text, parameters } = counting(records, conditions.rest(someRange), counted, conditions);
    return [...none, ...countsOf(counted, await send<Row>({ text }, parameters), 0)];
  }

  /** The first bucket from which on no more entries lie in the ranges than may be looked at. Each step takes four times as many buckets. */
  private async reach(ranges: readonly KeyRanges[], buckets: readonly Bucket[], send: Send): Promise<number> {
    let [low, high, step, left] = [0, buckets.length, 1, this.most];
    while (low < high) {
      const middle = step > 0 ? Math.max(low, high - step) : Math.floor((low + high) / 2);
      const entries = await entriesIn(ranges, buckets.slice(middle, high), left, send);
      if (entries > left) {
        [low, step] = [middle + 1, 0];
      } else {
        [high, step, left] = [middle, step * 4, left - entries];
      }
    }
    return high;
  }
}

interface Counting {
  readonly text: string;
  readonly parameters: readonly unknown[];
}

/** Stands for a range that is not the filter's own. */
const someRange: Leader = { column: '', key: '' };

function counting(records: string, rest: string, buckets: readonly Bucket[], conditions: Conditions): Counting {
  const lows = conditions.parameter(buckets.map(({ low }) => low));
  const text = `
    SELECT place::text AS place, looked::text AS looked, found::text AS found FROM (
      SELECT width_bucket(audit_record.seq, ${lows}::bigint[]) AS place, count(*) AS looked, count(*) FILTER (WHERE ${rest}) AS found
      FROM (${records}) AS audit_record GROUP BY 1) AS counted`;
  return { text, parameters: conditions.parameters };
}

/** How many entries lie in the ranges; one more than `most` if there are more. */
async function entriesIn(
  ranges: readonly KeyRanges[],
  buckets: readonly Bucket[],
  most: number,
  send: Send,
): Promise<number> {
  const conditions = new Conditions({}, 'all');
  const entries = recordsIn(ranges, boundsOf(buckets, conditions), 'audit_record.seq', conditions);
  const text = `SELECT count(*)::text AS entries FROM (SELECT FROM (${entries}) AS entry LIMIT ${most + 1}) AS entry`;
  const [row] = await send<{ entries: string }>({ text }, conditions.parameters);
  return Number(row?.entries);
}

/** SQL of the records in all ranges, each of which is one descent of its index. */
function recordsIn(ranges: readonly KeyRanges[], bounds: Bounds, columns: string, conditions: Conditions): string {
  const parts = ranges.map(({ column, keys }) => {
    const leader = { column, key: 'wanted.key' };
    return `
      SELECT ${columns} FROM unnest(${conditions.parameter(keys)}::text[]) AS wanted(key) CROSS JOIN LATERAL (
        SELECT ${columns} FROM audit_record WHERE ${conditions.range(bounds, leader)}
        ORDER BY ${conditions.orderBy('DESC', leader)} OFFSET 0) AS audit_record`;
  });
  return parts.join(' UNION ALL ');
}

/** What the ranges do not answer already. */
function beyond(ranges: readonly KeyRanges[] | undefined, filter: AuditFilter): AuditFilter {
  const [first = [], ...others] = (ranges ?? []).map(({ column }) => answeredBy[column]);
  const answered = first.filter((field) => others.every((fields) => fields.includes(field)));
  return Object.fromEntries(Object.entries(filter).filter(([field]) => !answered.includes(field as keyof AuditFilter)));
}

function boundsOf(buckets: readonly Bucket[], conditions: Conditions): Bounds {
  const [first, last] = [buckets[0], buckets.at(-1)];
  return {
    lower: `${conditions.parameter(first?.low)}::bigint - 1`,
    upper: `${conditions.parameter(last?.high)}::bigint - 1`,
  };
}

/** @param uncounted how many of the first buckets are not counted */
function countsOf(buckets: readonly Bucket[], rows: readonly Row[], uncounted: number): (number | undefined)[] {
  const found = new Map(rows.map((row) => [Number(row.place), Number(row.found)]));
  return buckets.map((_, at) => (at < uncounted ? undefined : (found.get(at + 1) ?? 0)));
}
