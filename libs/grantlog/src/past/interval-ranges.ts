import { blockBits } from '../contract/interval-block';

/** A column with an index ending in from_seq, until. */
export type LeadColumn = 'ptype' | 'subject' | 'role' | 'scope' | 'scope_namespace';

/** Keys of a column: the intervals of each are one range of its index. */
export interface Lead {
  readonly column: LeadColumn;
  readonly keys: readonly string[];
}

/** The same in SQL. */
export interface WantedKeys {
  readonly column: LeadColumn;
  readonly keys: string;
  readonly count: number;
}

/** What is asked of the intervals in a range; SQL. */
export interface Asked {
  readonly conditions: readonly string[];
  /** The seq at which they are in force; `undefined` for all that ever were. */
  readonly alive: string | undefined;
  /** The last seq at which they may begin. */
  readonly upper: string;
  readonly limit: number;
}

/** Those of which millions may have the same key, so that it is kept which blocks of them have ended. */
const inBlocks: readonly LeadColumn[] = ['ptype', 'role', 'scope_namespace'];

/**
 * SQL of a common table `found` with the newest beginnings in the ranges of some keys. Of many keys, they lie in those whose own newest comes
 * first, in as many of them as are asked for: of the others one is looked at. Of the n-th of them all but n - 1 may be wanted.
 */
export function beginnings(leads: readonly WantedKeys[], asked: Asked): string {
  const { limit } = asked;
  const [only, ...others] = leads;
  if (only?.count === 1 && others.length === 0) {
    return `found AS MATERIALIZED (
      SELECT range.from_seq FROM unnest(${only.keys}) AS wanted(key)
      CROSS JOIN LATERAL (${rangeOf(only.column, 'wanted.key', String(limit), asked)}) AS range)`;
  }
  const first = leads.map(
    ({ column, keys }) => `
      SELECT '${column}' AS led_by, wanted.key, range.from_seq FROM unnest(${keys}) AS wanted(key)
      CROSS JOIN LATERAL (${rangeOf(column, 'wanted.key', '1', asked)}) AS range`,
  );
  const found = leads.map(
    ({ column }) => `
      SELECT range.from_seq FROM (SELECT * FROM placed WHERE led_by = '${column}') AS wanted
      CROSS JOIN LATERAL (${rangeOf(column, 'wanted.key', `${limit + 1} - wanted.place`, asked)}) AS range`,
  );
  return `placed AS MATERIALIZED (
      SELECT *, row_number() OVER (ORDER BY from_seq DESC) AS place
      FROM (${first.join(' UNION ALL ')}) AS first ORDER BY from_seq DESC LIMIT ${limit}),
    found AS MATERIALIZED (
      SELECT DISTINCT from_seq FROM (${found.join(' UNION ALL ')}) AS found ORDER BY from_seq DESC LIMIT ${limit})`;
}

/**
 * The newest beginnings in the range of one key. Bounds and order include its column: then only its index gives that order. What has ended is
 * passed over in the index, and where it may be much, a block at a time.
 */
function rangeOf(column: LeadColumn, key: string, limit: string, { conditions, alive, upper }: Asked): string {
  const assignments = column === 'ptype' ? [] : [`ptype = 'g'`, `${column} IS NOT NULL`];
  const within = (low: string, high: string): string => `
    SELECT from_seq FROM audit_interval
    WHERE ${[
      ...assignments,
      `(${column}, from_seq) >= (${key}, ${low})`,
      `(${column}, from_seq) <= (${key}, ${high})`,
      ...(alive === undefined ? [] : [`until > ${alive}`]),
      ...conditions,
    ].join(' AND ')}
    ORDER BY ${column} DESC, from_seq DESC LIMIT ${limit}`;
  if (alive === undefined || !inBlocks.includes(column)) return within('0::bigint', upper);
  return `
    SELECT begun.from_seq FROM audit_interval_block AS live CROSS JOIN LATERAL (
      ${within(`live.block << ${blockBits}`, `least(${upper}, ((live.block + 1) << ${blockBits}) - 1)`)}) AS begun
    WHERE live.led_by = '${column}' AND live.key = ${key} AND live.block <= ${upper} >> ${blockBits} AND live.until > ${alive}
    ORDER BY live.block DESC, begun.from_seq DESC LIMIT ${limit}`;
}
