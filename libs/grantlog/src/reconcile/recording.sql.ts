import { columnsOf, valueColumns, wholeRule } from '../migrations/rule-table.sql';
import { changesRule, columnsFrom, detailsOf, lockOrder } from './told.sql';

/** Each statement after a lock is to see what was committed before it was had. Hash joins, because nobody knows how many rules there are. */
export const openBatch = `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL enable_nestloop = off; SET LOCAL lock_timeout = '200ms'`;

/**
 * Holds rows that were inserted ($1 ids) against removal, and nothing else, so that the event of a later removal has its place behind ours.
 * One that somebody is removing has its event already, and is left for later: it may be rolled back.
 */
export const holdInserted = `
  WITH held AS MATERIALIZED (
    SELECT id FROM casbin_rule WHERE id = ANY ($1::bigint[]) ORDER BY id FOR KEY SHARE SKIP LOCKED)
  SELECT coalesce((SELECT array_agg(id::text) FROM held), '{}') AS ids, (
    SELECT count(*) FROM casbin_rule WHERE id = ANY ($1::bigint[]) AND id NOT IN (SELECT id FROM held))::int AS locked`;

/**
 * Puts rules that were deleted ($1 details) back for as long as this transaction lasts, which nobody sees: who assigns one meanwhile waits
 * for it, so that his event has its place behind ours. What is there again by now is not put back.
 */
export const putBackDeleted = `
  INSERT INTO casbin_rule (ptype, ${valueColumns.join(', ')})
  SELECT ${columnsFrom('details')} FROM unnest($1::jsonb[]) AS rule(details) ORDER BY ${lockOrder('details')}
  ON CONFLICT (${wholeRule}) DO NOTHING
  RETURNING id::text AS id`;

/** $1 ids of rules that were put back. */
export const takeBack = `DELETE FROM casbin_rule WHERE id = ANY ($1::bigint[])`;

/** What was told of some of the rules since the search, which saw all that was recorded up to seq $3. */
const since = `
  since AS MATERIALIZED (
    SELECT DISTINCT ON (details) details, operation FROM (
      SELECT details, operation, outbox_id FROM audit_record WHERE seq > $3::bigint AND ${changesRule}
      UNION ALL
      SELECT details, operation, outbox_id FROM audit_outbox WHERE ${changesRule}) AS event
    WHERE details IN (SELECT details FROM found) ORDER BY details, outbox_id DESC)`;

/** As rules/rule-shape.ts has it, unless the record of the rule's creation says it. */
const scopeOf = (row: string): string => `
  CASE WHEN ptype = 'g' THEN coalesce(v2, '*') ELSE (ARRAY[${columnsOf(row)}]::text[])[($7::jsonb ->> ptype)::int + 1] END`;

/**
 * Writes the events of rules (ids $1, details $2) that are there, and of which the last that is told is not what happened to them.
 * $3 the seq of the search, $4 actor, $5 reason, $6 operation id, $7 the scope column of each policy type as {"p": 1}, $8 seqs of the records that
 * told of them last.
 */
const tell = (operation: 'created' | 'deleted', found: string, same: string): string => `
  WITH found AS MATERIALIZED (${found}), ${since},
  changed AS MATERIALIZED (
    SELECT casbin_rule.id, casbin_rule.ptype COLLATE "C" AS ptype, ${columnsOf('casbin_rule')}, found.details, record.type, record.role, record.scope
    FROM found
    JOIN casbin_rule ON casbin_rule.id = ANY ($1::bigint[]) AND ${same}
    LEFT JOIN since ON since.details = found.details
    LEFT JOIN audit_record AS record ON record.seq = found.seq AND record.seq = ANY ($8::bigint[])
    WHERE since.operation IS DISTINCT FROM '${operation}'),
  told AS (
    INSERT INTO audit_outbox (type, operation, outcome, subject, role, scope, actor, reason, operation_id, details)
    SELECT coalesce(split_part(type, '.', 1),
        CASE WHEN ptype = 'g' THEN 'role_assignment' WHEN ptype LIKE 'p%' THEN 'policy' ELSE 'grouping' END) || '.${operation}',
      '${operation}', 'success', coalesce(v0, ''), coalesce(role, CASE WHEN ptype = 'g' THEN v1 END),
      coalesce(scope, ${scopeOf('changed')}), $4, $5, $6::uuid, details
    FROM changed ORDER BY id
    RETURNING 1)
  SELECT count(*)::int AS rows FROM told`;

export const tellInserted = tell(
  'created',
  'SELECT * FROM unnest($1::bigint[], $2::jsonb[], $8::bigint[]) AS found(id, details, seq)',
  `casbin_rule.id = found.id AND ${detailsOf('casbin_rule')} = found.details`,
);

export const tellDeleted = tell(
  'deleted',
  'SELECT * FROM unnest($2::jsonb[], $8::bigint[]) AS found(details, seq)',
  `${detailsOf('casbin_rule')} = found.details`,
);
