import { columnsOf, laterColumns, valueColumns, valuesRead, wholeRule } from './rule-table.sql';

/** What makes a row a copy of another one: that typeorm-adapter reads the same, or that the unique rule takes it for the same. */
export type Sameness = 'read' | 'stored';

const sameness: Readonly<Record<Sameness, (row: string) => string>> = {
  read: (row) => `${row}.ptype COLLATE "C", ${valuesRead(row)}`,
  stored: (row) => `${row}.ptype COLLATE "C", ARRAY[${columnsOf(row)}]::text[] COLLATE "C"`,
};

/** The rows that say the same as one with a lower id. */
export const copies = (same: Sameness): string => `
  SELECT id::text AS id, first::text AS first FROM (
    SELECT id, min(id) OVER (PARTITION BY ${same === 'stored' ? wholeRule : sameness.read('casbin_rule')}) AS first
    FROM casbin_rule) AS rule
  WHERE id <> first ORDER BY rule.id`;

/**
 * Removes copies ($1) of rows ($2) that still say the same, and keeps them as they were, in the columns given. What somebody has
 * locked is left for later, so that nobody waits for us while we wait for another.
 */
export const foldRows = (same: Sameness, columns: string): string => `
  WITH copy AS (SELECT * FROM unnest($1::bigint[], $2::bigint[]) AS pair(id, first)),
  locked AS MATERIALIZED (
    SELECT casbin_rule.id, copy.first FROM copy JOIN casbin_rule ON casbin_rule.id = copy.id FOR UPDATE OF casbin_rule SKIP LOCKED),
  first AS MATERIALIZED (
    SELECT * FROM casbin_rule WHERE id IN (SELECT first FROM locked) FOR KEY SHARE SKIP LOCKED),
  folded AS (
    DELETE FROM casbin_rule USING locked, first
    WHERE casbin_rule.id = locked.id AND first.id = locked.first
      AND (${sameness[same]('casbin_rule')}) = (${sameness[same]('first')})
    RETURNING casbin_rule.*, first.id AS folded_into),
  kept AS (INSERT INTO audit_original_rule (${columns}, folded_into) SELECT ${columns}, folded_into FROM folded RETURNING 1)
  SELECT count(*)::int AS rows FROM kept`;

const compact = valueColumns.map((_, at) => `(values)[${at + 1}]`);

/** Rows of which typeorm-adapter leaves something out when it reads them. */
const gapped = `
  SELECT id, values FROM (SELECT id, ${columnsOf('casbin_rule')}, ${valuesRead('casbin_rule')} AS values FROM casbin_rule) AS rule
  WHERE (${laterColumns.join(', ')}) IS DISTINCT FROM (${compact.slice(1).join(', ')})`;

export const countGapped = `SELECT count(*)::int AS rows FROM (${gapped}) AS gapped`;

/** Gapped rows that have been closed up before, and are gapped again. */
export const reopened = `
  SELECT gapped.id::text AS id FROM (${gapped}) AS gapped JOIN audit_original_rule USING (id) ORDER BY gapped.id LIMIT 10`;

/**
 * Closes up to $1 gapped rows with ids above $2, so that the table says what was read from it, and keeps the rows as they were. What
 * somebody has locked is left for later.
 */
export const closeGaps = (columns: string): string => `
  WITH found AS MATERIALIZED (
    SELECT id, values FROM (${gapped}) AS gapped WHERE id > $2::bigint ORDER BY id LIMIT $1),
  locked AS MATERIALIZED (
    SELECT casbin_rule.*, found.values FROM casbin_rule JOIN found USING (id) FOR UPDATE OF casbin_rule SKIP LOCKED),
  kept AS (INSERT INTO audit_original_rule (${columns}) SELECT ${columns} FROM locked RETURNING id),
  closed AS (
    UPDATE casbin_rule SET ${laterColumns.map((column, at) => `${column} = (locked.values)[${at + 2}]`).join(', ')}
    FROM locked WHERE casbin_rule.id = locked.id RETURNING 1)
  SELECT (SELECT count(*) FROM closed)::int AS rows, (SELECT max(id) FROM found)::text AS last`;

/** Rows of which typeorm-adapter read something else: it takes the blanks around a value away. */
export const padded = `
  SELECT count(*)::int AS "all", (array_agg(id::text ORDER BY id))[1:10] AS ids FROM casbin_rule
  WHERE ${valueColumns.map((column) => `${column} COLLATE "C" ~ '^\\s|\\s$'`).join(' OR ')}`;
