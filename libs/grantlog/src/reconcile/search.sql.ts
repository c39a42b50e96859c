import { utc } from '../contract/utc';
import { columnsOf } from '../migrations/rule-table.sql';
import { changesRule, detailsOf } from './told.sql';

/**
 * One snapshot for everything: a change and its event are committed together, and an event moves from outbox to log in one transaction,
 * so that in a snapshot the table is what its events leave in force. Nobody is held by it. Rules and events are hashed, whatever
 * PostgreSQL believes to know of the tables, and spill to disk beyond the memory given.
 */
export const openSnapshot = `
  BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
  SELECT set_config(name, '0', true) FROM pg_settings WHERE name IN (
    'statement_timeout', 'lock_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout');
  SET LOCAL work_mem = '128MB'; SET LOCAL jit = off; SET LOCAL enable_sort = off;
  SELECT coalesce((SELECT seq FROM audit_head), 0)::text AS seq, ${utc('clock_timestamp()')} AS at,
    (SELECT count(*) FROM casbin_rule)::int AS rules`;

/** A column is absent and a later one is not. */
const isGapped = `array_position(ARRAY[${columnsOf('casbin_rule')}]::text[], NULL) <= num_nonnulls(${columnsOf('casbin_rule')})`;

/** What an adoption refuses, too. */
const isMalformed = `(ptype IS NULL OR ptype COLLATE "C" !~ '^[pg]' OR coalesce(v0, '') COLLATE "C" = ''
  OR (ptype COLLATE "C" LIKE 'g%' AND coalesce(v1, '') COLLATE "C" = ''))`;

/**
 * Each rule with its rows, and with the event that has the last place. The outbox id and what was done are one number, so that the
 * highest one tells both.
 */
const rulesAndEvents = `
  SELECT details, outbox_id * 2 + (operation = 'created')::int AS place, outbox_id, seq,
    NULL::bigint AS row_id, false AS gapped, false AS malformed
  FROM audit_record WHERE ${changesRule}
  UNION ALL
  SELECT details, outbox_id * 2 + (operation = 'created')::int, NULL, NULL, NULL, false, false
  FROM audit_outbox WHERE ${changesRule}
  UNION ALL
  SELECT ${detailsOf('casbin_rule')}, NULL, NULL, NULL, id, ${isGapped}, ${isMalformed} FROM casbin_rule`;

const differing = `
  SELECT details, max(place) % 2 = 1 AS in_force, CASE WHEN max(place) / 2 = max(outbox_id) THEN max(seq) END AS seq,
    count(row_id)::int AS rows, min(row_id) AS row_id, bool_or(gapped) AS gapped, bool_or(malformed) AS malformed
  FROM (${rulesAndEvents}) AS told
  GROUP BY details
  HAVING count(row_id) > 1 OR bool_or(gapped) OR (count(row_id) > 0) <> coalesce(max(place) % 2 = 1, false)`;

/** One row for each finding, by rule: what a column was changed from and to in SQL mostly stands together. */
const findings = `
  SELECT kind, rule.details ->> 'ptype' AS ptype, rule.details -> 'rule' AS rule, rule.row_id::text AS "rowId", rule.rows,
    CASE rule.in_force WHEN true THEN 'created' WHEN false THEN 'deleted' END AS operation,
    rule.seq::text AS seq, ${utc('record.recorded_at')} AS "recordedAt", rule.details::text AS details
  FROM (${differing}) AS rule
  CROSS JOIN LATERAL (VALUES
    ('inserted', rows > 0 AND in_force IS NOT TRUE AND NOT malformed),
    ('malformed', rows > 0 AND in_force IS NOT TRUE AND malformed),
    ('deleted', rows = 0 AND in_force), ('copied', rows > 1), ('gapped', gapped)) AS found(kind, is_so)
  LEFT JOIN LATERAL (SELECT recorded_at FROM audit_record WHERE seq = rule.seq LIMIT 1) AS record ON true
  WHERE is_so ORDER BY rule.details -> 'rule', rule.details -> 'ptype', kind`;

/** @param beyond `WITH HOLD` keeps what was found beyond the snapshot, on the same connection */
export const openFindings = (beyond: '' | 'WITH HOLD'): string =>
  `DECLARE grantlog_findings NO SCROLL CURSOR ${beyond} FOR ${findings}`;
export const fetchFindings = (count: number): string => `FETCH ${count} FROM grantlog_findings`;
export const closeFindings = 'CLOSE grantlog_findings';
