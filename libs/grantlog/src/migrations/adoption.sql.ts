import { uuidV7 } from './outbox-table.sql';
import { columnsOf } from './rule-table.sql';

const columns = columnsOf('casbin_rule');
const detailsOf = (row: string): string =>
  `jsonb_build_object('ptype', ${row}.ptype, 'rule', array_remove(ARRAY[${columnsOf(row)}]::text[], NULL))`;

/**
 * The rules that no record or event tells of, by id. Where a row stands says whether it is still the same when its turn comes. The
 * cursor holds what it has found beyond the end of its statement, so that a million of them need no memory here.
 */
export const openUnrecorded = `
  DECLARE grantlog_unrecorded NO SCROLL CURSOR WITH HOLD FOR
  WITH told AS (
    SELECT DISTINCT ON (details) details, operation FROM (
      SELECT details, operation, outbox_id FROM audit_record WHERE outcome = 'success'
      UNION ALL
      SELECT details, operation, outbox_id FROM audit_outbox WHERE outcome = 'success') AS event
    ORDER BY details, outbox_id DESC)
  SELECT rule.id::text AS id, rule.place::text AS place, count(*) OVER ()::int AS "all"
  FROM (SELECT id, ctid AS place, ${detailsOf('casbin_rule')} AS details FROM casbin_rule) AS rule
  LEFT JOIN told ON told.details = rule.details AND told.operation = 'created'
  WHERE told.operation IS NULL
  ORDER BY rule.id`;

export const fetchUnrecorded = (count: number): string => `FETCH ${count} FROM grantlog_unrecorded`;

export const closeUnrecorded = `CLOSE grantlog_unrecorded`;

/** Whoever holds the head appends; what is committed before that is seen by the statement after it. */
export const lockHead = `SELECT seq FROM audit_head FOR UPDATE`;

/**
 * Appends the records of rows that are still as they were found, in the order of their ids. The log takes them directly: they are no
 * news to listeners, and a million events must not stand in the outbox before the first change. MUST come after lockHead in the
 * same transaction: a rule whose removal is recorded already is not seen any more.
 *
 * A rule is held against removal (and nothing else) until this commits, so that the event of a later removal has the higher outbox_id, by
 * which memory knows the later one. One that is being removed has its event already, and is left for later: it may be rolled back.
 *
 * $1 ids, $2 places, $3 actor, $4 reason, $5 the scope column of each policy type as {"p": 1}, $6 separator
 */
export const appendFound = `
  WITH held AS MATERIALIZED (
    SELECT casbin_rule.id, ptype COLLATE "C" AS ptype, ${columns}
    FROM unnest($1::bigint[], $2::tid[]) AS found(id, place)
    JOIN casbin_rule ON casbin_rule.ctid = found.place AND casbin_rule.id = found.id
    FOR KEY SHARE OF casbin_rule SKIP LOCKED),
  rule AS MATERIALIZED (
    SELECT *, row_number() OVER (ORDER BY id) AS nth,
      CASE WHEN ptype = 'g' THEN coalesce(v2, '*') ELSE (ARRAY[${columnsOf('held')}]::text[])[($5::jsonb ->> ptype)::int + 1] END AS scope
    FROM held),
  head AS (
    UPDATE audit_head
    SET seq = seq + counted.n, recorded_at = greatest(clock_timestamp(), recorded_at + interval '1 microsecond')
    FROM (SELECT count(*) AS n FROM rule) AS counted
    RETURNING seq - counted.n AS before, recorded_at),
  appended AS (
    INSERT INTO audit_record (seq, id, type, operation, outcome, subject, role, scope, scope_namespace, actor, reason,
      operation_id, occurred_at, recorded_at, details, outbox_id, xid)
    SELECT head.before + nth, ${uuidV7},
      CASE WHEN ptype = 'g' THEN 'role_assignment' WHEN ptype LIKE 'p%' THEN 'policy' ELSE 'grouping' END || '.created',
      'created', 'success', v0, CASE WHEN ptype = 'g' THEN v1 END, scope, split_part(scope, $6, 1), $3, $4,
      operation_id, clock_timestamp(), head.recorded_at, ${detailsOf('rule')},
      nextval(pg_get_serial_sequence('audit_outbox', 'outbox_id')), pg_current_xact_id()
    FROM rule, head, audit_adoption ORDER BY nth
    RETURNING 1)
  SELECT count(*)::int AS rows FROM appended`;
