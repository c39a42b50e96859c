import { ruleColumns } from '../rules/rule';

/** A rule as it is read: with its place among the others and, of the past, the record that began it. */
export interface RuleRow {
  readonly place: string;
  readonly ptype: string;
  readonly values: string[];
  /** The scope in which it was asked for, if in one. */
  readonly via?: string | null;
}

/** The rules of one moment, as SQL. */
export interface RuleRelation {
  /** All rules of some policy types ($1) but assignments, in their order. */
  readonly others: string;
  /** Assignments of names ($1) in scopes ($2, NULL for any; $3 whether globs hold for what they match). */
  readonly upwards: string;
  /** All assignments. */
  readonly assignments: string;
  /** The scopes in which a subject ($1) has the role `wanted.role`. */
  readonly held: string;
  /** The seq of the record that began the rule `asked`, and whether that record still waits to be recorded. */
  readonly began: string;
  readonly waits: string;
}

/** Absent columns are NULL, wherever they stand. */
const values = (row: string): string =>
  `to_jsonb(array_remove(ARRAY[${ruleColumns.map((column) => `${row}.${column}`).join(', ')}]::text[], NULL))`;

/** keyMatch: a glob holds for whatever begins with what stands before its star. */
const holdsIn = (scope: string): string => `(asked.scope IS NULL OR ${scope} = asked.scope
  OR ($3::bool AND strpos(${scope}, '*') > 0 AND starts_with(asked.scope, split_part(${scope}, '*', 1))))`;

const names = 'unnest($1::text[], $2::text[]) AS asked (name, scope)';

/** What the table holds. */
export const presentRules: RuleRelation = {
  others: `
    SELECT id::text AS place, ptype, ${values('casbin_rule')} AS values FROM casbin_rule
    WHERE ptype <> 'g' AND ptype = ANY ($1::varchar[]) ORDER BY casbin_rule.id`,
  upwards: `
    SELECT rule.id::text AS place, rule.ptype, ${values('rule')} AS values, asked.scope AS via FROM ${names}
    CROSS JOIN LATERAL (
      SELECT * FROM casbin_rule
      WHERE v0 COLLATE "C" = asked.name::varchar AND ptype COLLATE "C" = 'g' AND ${holdsIn('v2')}
    ) AS rule ORDER BY rule.id`,
  assignments: `
    SELECT id::text AS place, ptype, ${values('casbin_rule')} AS values FROM casbin_rule WHERE ptype = 'g' ORDER BY casbin_rule.id`,
  held: `
    SELECT coalesce(v2, '*') AS scope FROM casbin_rule
    WHERE v0 COLLATE "C" = $1::varchar AND ptype COLLATE "C" = 'g' AND coalesce(v1, '') COLLATE "C" = wanted.role::varchar`,
  began: `
    SELECT from_seq FROM audit_interval AS interval
    WHERE rule_hash = hashtextextended(asked.details::text, 0) AND to_seq IS NULL
      AND EXISTS (SELECT FROM audit_record AS record WHERE record.seq = interval.from_seq AND record.details = asked.details)
    LIMIT 1`,
  waits: `EXISTS (
    SELECT FROM audit_outbox WHERE outcome = 'success' AND operation = 'created' AND audit_outbox.details = asked.details)`,
};

const recordedRule = (intervals: string): string => `
  SELECT interval.from_seq::text AS place, interval.ptype, record.details -> 'rule' AS values, interval.via
  FROM (${intervals}) AS interval JOIN audit_record AS record ON record.seq = interval.from_seq ORDER BY interval.from_seq`;

/** What was in force at a seq, as the log tells. */
export function pastRules(seq: string): RuleRelation {
  const at = `${BigInt(seq)}::bigint`; // digits from the database
  const inForce = `from_seq <= ${at} AND until > ${at}`;
  return {
    others: recordedRule(`SELECT *, NULL AS via FROM audit_interval WHERE ptype = ANY ($1::text[]) AND ${inForce}`),
    upwards: recordedRule(`
      SELECT rule.*, asked.scope AS via FROM ${names} CROSS JOIN LATERAL (
        SELECT * FROM audit_interval WHERE ptype = 'g' AND subject = asked.name AND ${inForce} AND ${holdsIn('audit_interval.scope')}
      ) AS rule`),
    assignments: recordedRule(`SELECT *, NULL AS via FROM audit_interval WHERE ptype = 'g' AND ${inForce}`),
    held: `
      SELECT coalesce(scope, '*') AS scope FROM audit_interval
      WHERE ptype = 'g' AND subject = $1 AND ${inForce} AND role = wanted.role`,
    began: 'asked.place',
    waits: 'false',
  };
}
