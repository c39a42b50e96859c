import { outboxColumns } from '../outbox/outbox-columns';
import { ruleColumns } from './rule';
import type { RuleShape } from './rule-shape';

// Parameters of every statement: $1 the policy type, $2 to $8 the columns, $9 to $14 the attribution.
const columns = ruleColumns.join(', ');
const columnsOf = (row: string): string => ruleColumns.map((column) => `${row}.${column}`).join(', ');

/** The rule as the unique index has it. */
const whole = (row: string): string => `(ARRAY[${row}.ptype, ${columnsOf(row)}]) COLLATE "C"`;

const given = `
  SELECT $1::varchar AS ptype, ${columns}
  FROM unnest(${ruleColumns.map((_, index) => `$${index + 2}::varchar[]`).join(', ')}) AS rule(${columns})`;

const intoOutbox = (shape: RuleShape, operation: 'created' | 'deleted'): string => `
  INSERT INTO audit_outbox (type, operation, outcome, subject, role, scope,
    actor, reason, operation_id, request_id, source_ip, user_agent, details)
  SELECT '${shape.type}.${operation}', '${operation}', 'success', v0, ${shape.role}, ${shape.scope},
    $9::text, $10::text, $11::uuid, $12::text, $13::text, $14::text,
    jsonb_build_object('ptype', ptype, 'rule', array_remove(ARRAY[${columns}], NULL))
  FROM changed
  RETURNING ${outboxColumns}`;

/**
 * Adds rules and writes an event for each that was not there. Everybody takes rules in the same order, so that two
 * statements never wait for each other crosswise.
 */
export const insertRules = (shape: RuleShape): string => `
  WITH given AS (${given}),
  changed AS (
    INSERT INTO casbin_rule (ptype, ${columns})
    SELECT ptype, ${columns} FROM given ORDER BY ${whole('given')}
    ON CONFLICT DO NOTHING
    RETURNING ptype, ${columns})
  ${intoOutbox(shape, 'created')}`;

/** Removes exactly these rules. A DELETE locks in whatever order it meets rows, hence the ordered lock before it. */
export const deleteRules = (shape: RuleShape): string => `
  WITH given AS MATERIALIZED (${given}),
  locked AS MATERIALIZED (
    SELECT casbin_rule.id FROM casbin_rule JOIN given ON ${whole('casbin_rule')} = ${whole('given')}
    ORDER BY ${whole('casbin_rule')} FOR UPDATE OF casbin_rule),
  ${deleteLocked}
  ${intoOutbox(shape, 'deleted')}`;

/** Removes every rule that has the values given in $2 to $8; NULL matches any value. */
export const deleteMatchingRules = (shape: RuleShape): string => `
  WITH locked AS MATERIALIZED (
    SELECT id FROM casbin_rule
    WHERE ptype = $1 AND ${ruleColumns.map((column, at) => `($${at + 2}::varchar IS NULL OR ${column} = $${at + 2})`).join(' AND ')}
    ORDER BY ${whole('casbin_rule')} FOR UPDATE),
  ${deleteLocked}
  ${intoOutbox(shape, 'deleted')}`;

const deleteLocked = `changed AS (
    DELETE FROM casbin_rule USING locked WHERE casbin_rule.id = locked.id
    RETURNING casbin_rule.ptype, ${columnsOf('casbin_rule')})`;
