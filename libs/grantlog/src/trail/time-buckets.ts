import { InvalidInputError } from '../contract/grantlog.error';
import { utc } from '../contract/utc';
import { type BucketUnit, bucketUnits } from './histogram-query';

/** More would be more than a screen has room for. */
export const mostBuckets = 750;

/** A stretch of time, and of the log: the records from `low` on, up to `high` and without that one. */
export interface Bucket {
  readonly from: string;
  readonly to: string;
  readonly low: string;
  readonly high: string;
}

const hour = 3_600_000;
const day = 24 * hour;
/** Milliseconds, on average. */
const lengths: Readonly<Record<BucketUnit, number>> = { hour, day, month: 30.436875 * day };

/**
 * The unit that was asked for, or the one that fits the window.
 * @throws InvalidInputError if that would be too many buckets, naming a unit of which there would not be
 */
export function unitOf(begin: string, end: string, asked: BucketUnit | undefined): BucketUnit {
  const span = Date.parse(end) - Date.parse(begin);
  const by = asked ?? (span <= 3 * day ? 'hour' : span <= 120 * day ? 'day' : 'month');
  const surelyMore = mostBuckets + 2; // months are shorter and longer, and so are days
  return span / lengths[by] > surelyMore ? tooMany(span, by) : by;
}

/** The buckets, if they are no more. @throws InvalidInputError */
export function checkedCount(buckets: readonly Bucket[], by: BucketUnit): readonly Bucket[] {
  const [first, last] = [buckets[0], buckets.at(-1)];
  if (!first || !last || buckets.length <= mostBuckets) return buckets;
  return tooMany(Date.parse(last.to) - Date.parse(first.from), by);
}

function tooMany(span: number, by: BucketUnit): never {
  const coarser = bucketUnits.slice(bucketUnits.indexOf(by) + 1);
  const fitting = coarser.find((unit) => span / lengths[unit] < mostBuckets - 1);
  const problem = `makes more than ${mostBuckets} buckets of this window`;
  if (fitting) throw new InvalidInputError('by', `"${by}" ${problem}; "${fitting}" would do`);
  throw new InvalidInputError('by', `"${by}" ${problem}, and so does every other; give a later from or an earlier to`);
}

/**
 * $1 begin and $2 end of the window, $3 the zone (of hours: UTC), $4 and $5 where the query cuts it, $6 the last seq that counts. The first instant of a day is
 * its first midnight: where clocks go back to it, PostgreSQL means the second one. A midnight that is left out is the instant after.
 */
export const bucketsBy = (unit: BucketUnit): string => {
  const instant = 'local AT TIME ZONE zone';
  const earlier = (by: string): string =>
    `CASE WHEN ((${instant}) - interval '${by}') AT TIME ZONE zone >= local THEN (${instant}) - interval '${by}' END`;
  return `
  WITH given AS (SELECT $1::timestamptz AS begin, $2::timestamptz AS "end", $3::text AS zone),
  bound AS (
    SELECT DISTINCT ${unit === 'hour' ? instant : `least(${instant}, ${earlier('30 minutes')}, ${earlier('1 hour')})`} AS at
    FROM given CROSS JOIN LATERAL generate_series(
      date_trunc('${unit}', begin AT TIME ZONE zone), ("end" AT TIME ZONE zone) + interval '1 ${unit}', interval '1 ${unit}') AS local),
  bucket AS (
    SELECT greatest(at, $4::timestamptz) AS from_at, least(lead(at) OVER (ORDER BY at), $5::timestamptz) AS to_at, at FROM bound),
  placed AS MATERIALIZED (
    SELECT from_at, to_at, least(audit_seq_at(from_at), $6::bigint + 1) AS low
    FROM bucket CROSS JOIN given WHERE from_at < to_at AND at < "end" AND to_at > begin)
  SELECT ${utc('from_at')} AS "from", ${utc('to_at')} AS "to", low::text AS low,
    coalesce(lead(low) OVER (ORDER BY from_at), least(audit_seq_at(to_at), $6::bigint + 1))::text AS high
  FROM placed ORDER BY from_at`;
};
