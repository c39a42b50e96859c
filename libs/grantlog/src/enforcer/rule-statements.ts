import type { AuditOperation } from '../contract/audit-event';
import { utc } from '../contract/utc';
import { outboxColumns } from '../outbox/outbox-columns';
import { ruleColumns } from './rule';
import { type RuleShape, sqlOf } from './rule-shape';

const columnsOf = (row: string, columns: readonly string[] = ruleColumns): string =>
  columns.map((column) => `${row}.${column}`).join(', ');
const absent = (columns: readonly string[]): string[] => columns.map((column) => `NULL::varchar AS ${column}`);

/** The rule as the unique index has it. */
const whole = (row: string): string => `(ARRAY[${row}.ptype, ${columnsOf(row)}]) COLLATE "C"`;

/** The order in which everybody locks rules, so that two statements never wait for each other crosswise. */
const lockOrder = (row: string): string =>
  ['ptype', ...ruleColumns].map((column) => `${row}.${column} COLLATE "C"`).join(', ');

/**
 * The rules of one or more calls, each with the id of its event and the index of its call. $1 is the policy type, $2 the time
 * to wait for locks (NULL: as the connection has it), $3 the ids, $4 the calls, $5 to $10 the attribution of each call, and
 * from $11 the columns.
 */
const given = (columns: readonly string[]): string => `
  patience AS MATERIALIZED (
    SELECT set_config('lock_timeout', coalesce($2, current_setting('lock_timeout')), true)),
  given AS MATERIALIZED (
    SELECT $1::varchar AS ptype, event, call, ${[...columns, ...absent(ruleColumns.slice(columns.length))].join(', ')}
    FROM patience, unnest($3::uuid[], $4::int[], ${columns.map((_, at) => `$${at + 11}::varchar[]`).join(', ')})
      AS rule(event, call, ${columns.join(', ')}))`;

const attributionOfCall = `
    ($5::text[])[call], ($6::text[])[call], ($7::uuid[])[call], ($8::text[])[call], ($9::text[])[call], ($10::text[])[call]`;

/** Comes first, because pg_stat_activity and the server's log show the beginning of a statement. */
const purpose = (verb: string): string => `/* Grantlog: ${verb} casbin_rule */`;

interface Source {
  readonly event?: string;
  readonly attribution: string;
  readonly from: string;
  readonly returning: string;
}

const intoOutbox = (shape: RuleShape, operation: AuditOperation, source: Source): string => `
  INSERT INTO audit_outbox (${source.event ? 'id, ' : ''}type, operation, outcome, subject, role, scope,
    actor, reason, operation_id, request_id, source_ip, user_agent, details)
  SELECT ${source.event ? `${source.event}, ` : ''}'${shape.type}.${operation}', '${operation}', 'success',
    v0, ${sqlOf(shape.role)}, ${sqlOf(shape.scope)}, ${source.attribution},
    jsonb_build_object('ptype', $1::varchar, 'rule', array_remove(ARRAY[${ruleColumns.join(', ')}], NULL))
  FROM ${source.from}
  RETURNING ${source.returning}`;

/** What the database adds to an event: that it happened, when, and its place among the others. */
const happened = `outbox_id::text AS "outboxId", xid::text AS xid, id, ${utc('occurred_at')} AS "occurredAt"`;

/** Adds rules of up to `width` columns and writes an event for each that was not there. */
export const insertRules = (shape: RuleShape, width: number): string => `
  ${purpose('INSERT INTO')}
  WITH ${given(ruleColumns.slice(0, width))},
  added AS (
    INSERT INTO casbin_rule (ptype, ${ruleColumns.join(', ')})
    SELECT ptype, ${ruleColumns.join(', ')} FROM given ORDER BY ${lockOrder('given')}
    ON CONFLICT DO NOTHING
    RETURNING ${ruleColumns.join(', ')}),
  changed AS (
    SELECT given.event, given.call, ${columnsOf('given')} FROM added
    JOIN given ON ${ruleColumns
      .map((column, at) => (at < width ? `added.${column} = given.${column}` : ''))
      .filter(Boolean)
      .join(' AND ')})
  ${intoOutbox(shape, 'created', { event: 'event', attribution: attributionOfCall, from: 'changed', returning: happened })}`;

/**
 * Removes exactly these rules. A DELETE locks in whatever order it meets rows, hence the ordered lock before it. Each rule is
 * looked up by itself (LATERAL … LIMIT): a join would be planned for the ten rules that PostgreSQL takes any array to have.
 */
export const deleteRules = (shape: RuleShape, width: number): string => `
  ${purpose('DELETE FROM')}
  WITH ${given(ruleColumns.slice(0, width))},
  locked AS MATERIALIZED (
    SELECT found.id, ordered.event, ordered.call
    FROM (SELECT * FROM given ORDER BY ${lockOrder('given')}) AS ordered
    CROSS JOIN LATERAL (
      SELECT id FROM casbin_rule WHERE ${whole('casbin_rule')} = ${whole('ordered')} LIMIT 1 FOR UPDATE) AS found),
  changed AS (
    DELETE FROM casbin_rule USING locked WHERE casbin_rule.id = locked.id
    RETURNING locked.event, locked.call, ${columnsOf('casbin_rule')})
  ${intoOutbox(shape, 'deleted', { event: 'event', attribution: attributionOfCall, from: 'changed', returning: happened })}`;

/**
 * Removes every rule that has the values given in $8 to $14; NULL matches any value. $1 is the policy type, $2 to $7 the
 * attribution. Nobody knows beforehand which rules these are, so the database gives the ids and answers whole events.
 */
export const deleteMatchingRules = (shape: RuleShape): string => `
  ${purpose('DELETE FROM')}
  WITH locked AS MATERIALIZED (
    SELECT id FROM casbin_rule
    WHERE ptype = $1 AND ${ruleColumns.map((column, at) => `($${at + 8}::varchar IS NULL OR ${column} = $${at + 8})`).join(' AND ')}
    ORDER BY ${lockOrder('casbin_rule')} FOR UPDATE),
  changed AS (
    DELETE FROM casbin_rule USING locked WHERE casbin_rule.id = locked.id
    RETURNING ${columnsOf('casbin_rule')})
  ${intoOutbox(shape, 'deleted', { attribution: '$2::text, $3::text, $4::uuid, $5::text, $6::text, $7::text', from: 'changed', returning: outboxColumns })}`;
