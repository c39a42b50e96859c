import type { RuleOperation } from '../contract/audit-event';
import { utc } from '../contract/utc';
import { outboxColumns } from '../outbox/outbox-columns';
import { ruleColumns } from './rule';
import { type RuleShape, sqlOf } from './rule-shape';

const columnsOf = (row: string): string => ruleColumns.map((column) => `${row}.${column}`).join(', ');
const laterColumns = ruleColumns.slice(1);

/** Whether a row of the table is a rule, as the unique index casbin_rule_unique finds it. `given` says what a column must be. */
const sameRule = (given: (column: string) => string): string =>
  [
    `casbin_rule.v0 COLLATE "C" = ${given('v0')}`,
    `casbin_rule.ptype COLLATE "C" = ${given('ptype')}`,
    ...laterColumns.map((column) => `coalesce(casbin_rule.${column}, '') COLLATE "C" = coalesce(${given(column)}, '')`),
    `num_nulls(${laterColumns.map((column) => `casbin_rule.${column}`).join(', ')}) = num_nulls(${laterColumns.map(given).join(', ')})`,
  ].join(' AND ');

/**
 * A rule that is there already is left as it is. The unique rule is named by what it says: should its index be gone, the statement
 * fails, and no rule is written twice.
 */
const onePerRule = `ON CONFLICT (v0 COLLATE "C", ptype COLLATE "C", ${laterColumns
  .map((column) => `coalesce(${column}, '') COLLATE "C"`)
  .join(', ')}, num_nulls(${laterColumns.join(', ')})) DO NOTHING`;

/** The order in which everybody locks rules, so that two statements never wait for each other crosswise. */
const lockOrder = (row: string): string =>
  ['ptype', ...ruleColumns].map((column) => `${row}.${column} COLLATE "C"`).join(', ');

/** The time to wait for locks: $2, or (NULL) as the connection has it. */
const patience = `
  patience AS MATERIALIZED (
    SELECT set_config('lock_timeout', coalesce($2, current_setting('lock_timeout')), true))`;

/**
 * The rules of one or more calls, each with the id of its event and the index of its call. $1 is the policy type, $3 the ids,
 * $4 to $9 the attribution of each call, from $10 the columns, and the last one the calls.
 */
const given = (width: number): string => `
  given AS MATERIALIZED (
    SELECT $1::varchar AS ptype, event, call, place, ${ruleColumns.map((column, at) => (at < width ? column : `NULL::varchar AS ${column}`)).join(', ')}
    FROM patience, unnest($3::uuid[], ${parameters(width, (number) => `$${number}::varchar[]`)}, $${width + 10}::int[])
      WITH ORDINALITY AS rule(event, ${ruleColumns.slice(0, width).join(', ')}, call, place))`;

const parameters = (width: number, parameter: (number: number) => string): string =>
  ruleColumns
    .slice(0, width)
    .map((_, at) => parameter(at + 10))
    .join(', ');

/** Comes first, because pg_stat_activity and the server's log show the beginning of a statement. */
const purpose = (verb: string): string => `/* Grantlog: ${verb} casbin_rule */`;

/** SQL of what the events of some rules say of them. */
interface Told {
  readonly type: string;
  readonly role: string;
  readonly scope: string;
  readonly ptype: string;
}

interface Events extends Told {
  readonly operation: RuleOperation;
  /** SQL of the event's id; without it the database makes one. */
  readonly id?: string;
  readonly attribution: string;
  readonly returning: string;
}

const toldOf = (shape: RuleShape, operation: RuleOperation): Told => ({
  type: `'${shape.type}.${operation}'`,
  role: sqlOf(shape.role),
  scope: sqlOf(shape.scope),
  ptype: '$1::varchar',
});

/** Writes an event for every row of `changed`. */
const intoOutbox = ({ operation, type, role, scope, ptype, id, attribution, returning }: Events): string => `
  INSERT INTO audit_outbox (${id ? 'id, ' : ''}type, operation, outcome, subject, role, scope,
    actor, reason, operation_id, request_id, source_ip, user_agent, details)
  SELECT ${id ? `${id}, ` : ''}${type}, '${operation}', 'success', v0, ${role}, ${scope}, ${attribution},
    jsonb_build_object('ptype', ${ptype}, 'rule', array_remove(ARRAY[${ruleColumns.join(', ')}], NULL))
  FROM changed
  RETURNING ${returning}`;

const ofCalls = {
  id: 'event',
  attribution: `
    ($4::text[])[call], ($5::text[])[call], ($6::uuid[])[call], ($7::text[])[call], ($8::text[])[call], ($9::text[])[call]`,
};
const ofOneCall = { id: '$3::uuid', attribution: '$4::text, $5::text, $6::uuid, $7::text, $8::text, $9::text' };

/** What the database adds to an event: that it happened, when, and its place among the others. */
const returning = `outbox_id::text AS "outboxId", xid::text AS xid, id, ${utc('occurred_at')} AS "occurredAt"`;

/**
 * Adds rules of up to `width` columns and writes an event for each that was not there. A rule that the table does not store as it
 * was given (a trigger of the host) has no event id here: the statement fails, and nothing changes without its record. Where their
 * order decides, rules get their ids as they were given; should two such statements meet crosswise, PostgreSQL ends one.
 */
export const insertRules = (shape: RuleShape, width: number): string => `
  ${purpose('INSERT INTO')}
  WITH ${patience}, ${given(width)},
  added AS (
    INSERT INTO casbin_rule (ptype, ${ruleColumns.join(', ')})
    SELECT ptype, ${ruleColumns.join(', ')} FROM given ORDER BY ${shape.ordered ? 'place' : lockOrder('given')}
    ${onePerRule}
    RETURNING ${ruleColumns.join(', ')}),
  changed AS (
    SELECT given.event, given.call, ${columnsOf('given')}
    FROM added LEFT JOIN given ON ${ruleColumns
      .slice(0, width)
      .map((column) => `added.${column} COLLATE "C" = given.${column}`)
      .join(' AND ')})
  ${intoOutbox({ ...toldOf(shape, 'created'), operation: 'created', ...ofCalls, returning })}`;

/** The same for one rule: as little as possible, because most calls come alone. It tells if the rule was stored otherwise. Parameters as above, without arrays and calls. */
export const insertRule = (shape: RuleShape, width: number): string => `
  ${purpose('INSERT INTO')}
  WITH ${patience},
  changed AS (
    INSERT INTO casbin_rule (ptype, ${ruleColumns.slice(0, width).join(', ')})
    SELECT $1::varchar, ${parameters(width, (number) => `$${number}::varchar`)} FROM patience
    ${onePerRule}
    RETURNING ${ruleColumns.join(', ')})
  ${intoOutbox({
    ...toldOf(shape, 'created'),
    operation: 'created',
    ...ofOneCall,
    returning: `${returning}, NULLIF(details, jsonb_build_object('ptype', $1::varchar, 'rule', ARRAY[${parameters(width, (number) => `$${number}::varchar`)}])) AS "storedAs"`,
  })}`;

/**
 * Removes exactly these rules. A DELETE locks in whatever order it meets rows, hence the ordered lock before it. Each rule is
 * looked up by itself (LATERAL … LIMIT): a join would be planned for the ten rules that PostgreSQL takes any array to have.
 */
export const deleteRules = (shape: RuleShape, width: number): string => `
  ${purpose('DELETE FROM')}
  WITH ${patience}, ${given(width)},
  locked AS MATERIALIZED (
    SELECT found.id, ordered.event, ordered.call
    FROM (SELECT * FROM given ORDER BY ${lockOrder('given')}) AS ordered
    CROSS JOIN LATERAL (
      SELECT id FROM casbin_rule WHERE ${sameRule((column) => `ordered.${column}`)} LIMIT 1 FOR UPDATE) AS found),
  changed AS (
    DELETE FROM casbin_rule USING locked WHERE casbin_rule.id = locked.id
    RETURNING locked.event, locked.call, ${columnsOf('casbin_rule')})
  ${intoOutbox({ ...toldOf(shape, 'deleted'), operation: 'deleted', ...ofCalls, returning })}`;

/** The same for one rule. */
export const deleteRule = (shape: RuleShape, width: number): string => `
  ${purpose('DELETE FROM')}
  WITH ${patience},
  changed AS (
    DELETE FROM casbin_rule USING patience
    WHERE ${sameRule((column) => parameterOf(column, width))}
    RETURNING ${columnsOf('casbin_rule')})
  ${intoOutbox({ ...toldOf(shape, 'deleted'), operation: 'deleted', ...ofOneCall, returning })}`;

const parameterOf = (column: string, width: number): string => {
  if (column === 'ptype') return '$1::varchar';
  const at = Number(column.slice(1));
  return at < width ? `$${at + 10}::varchar` : 'NULL::varchar';
};

const isRule = sameRule((column) => (column === 'ptype' ? '$1::varchar' : `$${Number(column.slice(1)) + 2}::varchar`));

/** The row of a rule, if it is there. $1 is its policy type, $2 to $8 are its columns. */
export const findRule = `SELECT id FROM casbin_rule WHERE ${isRule}`;

/** Gives a rule the id $9, and with it the place among the others that the rule had which it replaces. */
export const moveRule = `UPDATE casbin_rule SET id = $9 WHERE ${isRule}`;

/**
 * Writes the event of every rule of a policy type ($7) with an id above $8 of which the last that is told is not that it was created.
 * $1 to $6 are the attribution. The rules are held against removal, whose event then comes after this one.
 */
export const tellUnheard = (shape: RuleShape): string => `
  WITH waiting AS MATERIALIZED (
    SELECT DISTINCT ON (details) details, operation FROM audit_outbox
    WHERE outcome = 'success' ORDER BY details, outbox_id DESC),
  rule AS MATERIALIZED (
    SELECT id, jsonb_build_object('ptype', ptype, 'rule', array_remove(ARRAY[${ruleColumns.join(', ')}], NULL)) AS details
    FROM casbin_rule WHERE ptype COLLATE "C" = $7::varchar AND id > $8::bigint),
  unheard AS MATERIALIZED (
    SELECT rule.id FROM rule LEFT JOIN waiting USING (details)
    WHERE coalesce(waiting.operation, (
      SELECT operation FROM audit_record AS record
      WHERE record.subject = (rule.details #>> '{rule,0}') COLLATE "C" AND record.details = rule.details AND outcome = 'success'
      ORDER BY seq DESC LIMIT 1)) IS DISTINCT FROM 'created'),
  changed AS MATERIALIZED (
    SELECT ${columnsOf('casbin_rule')} FROM casbin_rule JOIN unheard USING (id)
    ORDER BY casbin_rule.id FOR KEY SHARE OF casbin_rule SKIP LOCKED)
  ${intoOutbox({
    type: `'${shape.type}.created'`,
    role: sqlOf(shape.role),
    scope: sqlOf(shape.scope),
    ptype: '$7::varchar',
    operation: 'created',
    attribution: '$1::text, $2::text, $3::uuid, $4::text, $5::text, $6::text',
    returning: 'id',
  })}`;

/** Which columns of a policy type a filter gives values for. */
interface GivenColumns {
  readonly shape: RuleShape;
  readonly columns: readonly number[];
}

/** SQL that finds what a filter matches, and its parameter for the policy type. */
interface Match {
  readonly shape: RuleShape;
  readonly ptype: string;
  readonly condition: string;
}

/**
 * Removes every rule that one of the filters matches. $1 to $6 are the attribution; then comes for each filter its policy type
 * and the values of its columns. Nobody knows beforehand which rules these are, so the database gives the ids and answers
 * whole events.
 */
export const deleteMatchingRules = (filters: readonly GivenColumns[]): string => {
  const matches = matchesOf(filters);
  const deleted: Events = {
    operation: 'deleted',
    type: byType(matches, ({ type }) => `'${type}.deleted'`),
    role: byType(matches, ({ role }) => sqlOf(role)),
    scope: byType(matches, ({ scope }) => sqlOf(scope)),
    ptype: 'ptype',
    attribution: '$1::text, $2::text, $3::uuid, $4::text, $5::text, $6::text',
    returning: outboxColumns,
  };
  return `
  ${purpose('DELETE FROM')}
  WITH locked AS MATERIALIZED (
    SELECT id FROM casbin_rule
    WHERE ${matches.map(({ condition }) => `(${condition})`).join(' OR ')}
    ORDER BY ${lockOrder('casbin_rule')} FOR UPDATE),
  changed AS (
    DELETE FROM casbin_rule USING locked WHERE casbin_rule.id = locked.id
    RETURNING casbin_rule.ptype, ${columnsOf('casbin_rule')})
  ${intoOutbox(deleted)}`;
};

/** The policy type is compared twice: casbin_rule_unique has it by its bytes, and casbin_rule_scope as a plain condition. */
function matchesOf(filters: readonly GivenColumns[]): Match[] {
  let last = 6;
  const parameter = (): string => `$${(last += 1)}::varchar`;
  return filters.map(({ shape, columns }) => {
    const ptype = parameter();
    const values = columns.map((at) => `v${at} COLLATE "C" = ${parameter()}`);
    return { shape, ptype, condition: [`ptype = ${ptype}`, `ptype COLLATE "C" = ${ptype}`, ...values].join(' AND ') };
  });
}

/** What depends on the policy type of the rule that was found. */
function byType(matches: readonly Match[], sql: (shape: RuleShape) => string): string {
  const [first = 'NULL', ...others] = new Set(matches.map(({ shape }) => sql(shape)));
  if (others.length === 0) return first;
  return `CASE ptype ${matches.map(({ shape, ptype }) => `WHEN ${ptype} THEN ${sql(shape)}`).join(' ')} END`;
}
