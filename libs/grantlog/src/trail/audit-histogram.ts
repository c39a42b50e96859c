import type { DataSource } from 'typeorm';
import { objectOf } from '../contract/known-fields';
import { moment } from '../contract/moment';
import type { KeySyntax } from '../contract/namespaced-key';
import { utc } from '../contract/utc';
import { checkedVisible, type ReadOptions, seesEverything, type VisibleScopes } from '../contract/visible-scopes';
import { sqlStateOf } from '../database/lost-connection';
import { ownTransaction, type Send } from '../database/own-transaction';
import { Conditions, leadingField } from './audit-conditions';
import type { AuditFilter } from './audit-query';
import { checkedFilter, oneOf } from './checked-filter';
import { type BucketUnit, bucketUnits, type Histogram, type HistogramQuery } from './histogram-query';
import { KeyRangeFinder } from './key-ranges';
import { type Head, LogHead } from './log-head';
import { type CountLimits, planning, RecordCount } from './record-count';
import { isScattered } from './record-search';
import { type Bucket, bucketsBy, checkedCount, unitOf } from './time-buckets';
import { checkedTimeZone, unknownZone } from './time-zone';

/** Either takes less than half a second when the index, or the records, are in memory (bench/reading, a log of a million). */
const limits: CountLimits = { records: 200_000, keys: 1_000_000 };

/** Of a key's oldest records so many are looked at to find one that is visible. */
const oldestLookedAt = 10_000;

const invalidParameter = '22023';

/** The moments between which a query looks; `null` if there is nothing to look at. */
interface Window {
  readonly begin: string | null;
  readonly end: string;
}

interface Asked {
  readonly filter: AuditFilter;
  readonly visible: VisibleScopes;
  readonly by: BucketUnit | undefined;
  readonly timeZone: string;
}

/** Tells how many records there are in each hour, day or month. */
export class AuditHistogram {
  private readonly head: LogHead;
  private readonly ranges: KeyRangeFinder;

  /** @param most how much may be looked at */
  constructor(
    private readonly dataSource: DataSource,
    private readonly keys: KeySyntax,
    private readonly most: CountLimits = limits,
  ) {
    this.head = new LogHead(dataSource);
    this.ranges = new KeyRangeFinder(dataSource, keys);
  }

  async of(query: HistogramQuery, { visible = 'all' }: ReadOptions = {}): Promise<Histogram> {
    const asked = this.checked(query, checkedVisible(visible));
    const { filter, timeZone } = asked;
    const head = await this.head.read(); // before anything else: what it calls closed must be counted, and nothing later
    const ranges = isScattered(filter, visible) ? await this.ranges.find(filter, visible) : undefined;
    const count = new RecordCount({ filter, visible, ranges }, this.most);
    return ownTransaction(this.dataSource, planning, async (_, send) => {
      const { by, buckets } = await bucketsOf(asked, head, send);
      const counts = await count.of(buckets, send);
      const items = buckets.map(({ from, to }, at) => ({ from, to, count: counts[at] ?? null }));
      return { by, timeZone, items, countedFrom: countedFrom(items), closedThrough: head.closedThrough };
    });
  }

  private checked(query: HistogramQuery, visible: VisibleScopes): Asked {
    const { by, timeZone, ...given } = objectOf(query);
    oneOf(bucketUnits, by, 'by');
    return { filter: checkedFilter(given, this.keys), visible, by, timeZone: checkedTimeZone(timeZone, 'timeZone') };
  }
}

async function bucketsOf(
  asked: Asked,
  { seq, closedThrough }: Head,
  send: Send,
): Promise<{ by: BucketUnit; buckets: readonly Bucket[] }> {
  const { filter, timeZone } = asked;
  const { begin, end } = await windowOf(asked, closedThrough, send);
  const by = unitOf(begin ?? end, end, asked.by);
  if (begin === null) return { by, buckets: [] };
  const [from, to] = [filter.from && moment(filter.from, 'from'), filter.to && moment(filter.to, 'to')];
  const parameters = [begin, end, by === 'hour' ? 'UTC' : timeZone, from ?? null, to ?? null, seq];
  const buckets = await send<Bucket>({ text: bucketsBy(by) }, parameters).catch((error: unknown) => {
    if (sqlStateOf(error) !== invalidParameter) throw error;
    return unknownZone('timeZone'); // this server's list of zones lacks it
  });
  return { by, buckets: checkedCount(buckets, by) };
}

async function windowOf(asked: Asked, closedThrough: string, send: Send): Promise<Window> {
  const { filter } = asked;
  const { oldest, conditions } = oldestOf(asked);
  const given = (name: 'from' | 'to'): string => {
    const value = filter[name];
    return `${conditions.parameter(value === undefined ? null : moment(value, name))}::timestamptz`;
  };
  const now = `greatest(clock_timestamp(), ${conditions.parameter(closedThrough)}::timestamptz + interval '1 microsecond')`;
  const [window] = await send<Window>(
    {
      text: `SELECT ${utc('begin')} AS begin, ${utc('"end"')} AS "end"
        FROM (SELECT coalesce(${given('from')}, ${oldest}) AS begin, coalesce(${given('to')}, ${now}) AS "end") AS wanted`,
    },
    conditions.parameters,
  );
  if (!window) throw new Error('PostgreSQL answered nothing where it always has an answer.');
  return window.begin !== null && window.begin < window.end ? window : { begin: null, end: window.end };
}

/**
 * SQL of when the oldest record was made that the leading key has, or the log. Of a key of which somebody sees only some records, it is the
 * oldest of these; or, if none of them is among the key's oldest, when the log began, which tells nothing of what is hidden.
 */
function oldestOf({ filter, visible }: Asked): { oldest: string; conditions: Conditions } {
  const field = leadingField(filter);
  const isNarrowed = field !== undefined && !seesEverything(visible);
  const conditions = new Conditions(field ? { [field]: filter[field] } : {}, isNarrowed ? visible : 'all');
  const most = isNarrowed ? oldestLookedAt : 1;
  const ofLog = 'SELECT recorded_at FROM audit_record ORDER BY audit_record.seq LIMIT 1';
  const oldest = `(
    SELECT coalesce(min(recorded_at) FILTER (WHERE ${conditions.rest()})${isNarrowed ? `, (${ofLog})` : ''})
    FROM (SELECT * FROM audit_record WHERE ${conditions.range()} ORDER BY ${conditions.orderBy('ASC')} LIMIT ${most}) AS audit_record)`;
  return { oldest, conditions };
}

function countedFrom(items: Histogram['items']): string | null {
  if (items.every(({ count }) => count !== null)) return null;
  return items.find(({ count }) => count !== null)?.from ?? items.at(-1)?.to ?? null;
}
