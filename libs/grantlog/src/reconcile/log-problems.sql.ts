import { blockBits } from '../contract/interval-block';
import { utc } from '../contract/utc';
import { changesRule } from './told.sql';

/** The one index that makes each rule one row. */
export const uniqueRule = `
  SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('casbin_rule_unique') AND indisunique AND indisvalid
    AND pg_get_indexdef(indexrelid) LIKE '%num_nulls(%') AS there`;

/** Along the log: whether each seq is one more than the one before, and nothing is recorded before what it follows. */
export const alongTheLog = `
  SELECT head.seq::text AS head, coalesce(log.last, 0)::text AS last, ${utc('head.recorded_at')} AS "headAt", ${utc('log.last_at')} AS "lastAt",
    log.missing::int AS missing, log.after_gap::text AS "afterGap", log.backwards::int AS backwards,
    log.first_backwards::text AS "firstBackwards", coalesce(head.recorded_at < log.last_at, false) AS behind
  FROM audit_head AS head, (
    SELECT max(seq) AS last, max(recorded_at) AS last_at, coalesce(max(seq), 0) - count(*) AS missing,
      min(seq) FILTER (WHERE seq <> coalesce(previous, 0) + 1) AS after_gap,
      count(*) FILTER (WHERE recorded_at < previous_at) AS backwards, min(seq) FILTER (WHERE recorded_at < previous_at) AS first_backwards
    FROM (
      SELECT seq, recorded_at, lag(seq) OVER (ORDER BY seq) AS previous, lag(recorded_at) OVER (ORDER BY seq) AS previous_at
      FROM audit_record) AS record) AS log`;

/**
 * The intervals that the log tells of, worked out by another way than the trigger's: a rule's records alternate, unless it was changed past
 * Grantlog.
 */
const intervalsTold = `
  SELECT seq AS from_seq, CASE WHEN operation = 'deleted' THEN seq ELSE lead(seq) OVER same END AS to_seq,
    operation = 'created' OR lag(operation, 1, 'deleted') OVER same = 'deleted' AS begins,
    details ->> 'ptype' AS ptype, subject, role, scope, scope_namespace, rule_hash
  FROM (
    SELECT seq, operation, details, subject, role, scope, scope_namespace, hashtextextended(details::text, 0) AS rule_hash
    FROM audit_record WHERE ${changesRule}) AS change
  WINDOW same AS (PARTITION BY rule_hash, details ORDER BY seq)`;

const columns = (row: string): string =>
  ['from_seq', 'to_seq', 'ptype', 'subject', 'role', 'scope', 'scope_namespace', 'rule_hash']
    .map((column) => `${row}.${column}`)
    .join(', ');

export const differingIntervals = `
  SELECT count(*)::int AS intervals, min(from_seq)::text AS first
  FROM (SELECT * FROM (${intervalsTold}) AS interval WHERE begins) AS told
  FULL JOIN audit_interval AS kept USING (from_seq)
  WHERE (${columns('told')}) IS DISTINCT FROM (${columns('kept')})`;

const blocksOf = (column: string, which: string): string => `
  SELECT '${column}' AS led_by, ${column} AS key, from_seq >> ${blockBits} AS block, max(coalesce(to_seq, 9223372036854775807)) AS until
  FROM audit_interval WHERE ${column} IS NOT NULL AND ${which} GROUP BY ${column}, from_seq >> ${blockBits}`;

/** When the last interval of each block ends, which the intervals themselves tell. */
export const differingBlocks = `
  SELECT count(*)::int AS blocks FROM (
    ${blocksOf('ptype', 'true')} UNION ALL ${blocksOf('role', "ptype = 'g'")} UNION ALL ${blocksOf('scope_namespace', "ptype = 'g'")}
  ) AS told
  FULL JOIN audit_interval_block AS kept USING (led_by, key, block)
  WHERE told.until IS DISTINCT FROM kept.until`;

/** What makes the intervals follow the log, and what keeps the log from being changed. */
export const triggersOff = `
  SELECT name FROM unnest(ARRAY['audit_record_append_only', 'audit_record_intervals']) AS name WHERE NOT EXISTS (
    SELECT FROM pg_trigger WHERE tgrelid = 'audit_record'::regclass AND tgname = name AND tgenabled = 'A') ORDER BY name`;
