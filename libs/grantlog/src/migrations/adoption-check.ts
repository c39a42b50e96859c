import type { EntityManager } from 'typeorm';
import { InvalidInputError } from '../contract/grantlog.error';
import { laterColumns } from './rule-table.sql';

/** What fits into one entry of the unique index. */
const mostBytes = 2_600;
const needed = ['id', 'ptype', 'v0', 'v1'];

const columnsThere = `
  SELECT attname::text AS name FROM pg_attribute
  WHERE attrelid = to_regclass('casbin_rule') AND attnum > 0 AND NOT attisdropped`;

const unfitTable = `
  SELECT 'is not a plain table; Grantlog needs one of that name' AS problem FROM pg_class
  WHERE oid = to_regclass('casbin_rule') AND relkind <> 'r'
  UNION ALL
  SELECT format('needs the column %I of typeorm-adapter', name) FROM unnest($1::text[]) AS name
  WHERE name NOT IN (SELECT name FROM (${columnsThere}) AS there)
  UNION ALL
  SELECT 'needs a column id of type integer or bigint' FROM pg_attribute
  WHERE attrelid = to_regclass('casbin_rule') AND attname = 'id'
    AND atttypid NOT IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
  UNION ALL
  SELECT format('column %I must be filled and has no default, so that no rule could be added; '
    || 'run ALTER TABLE casbin_rule ALTER COLUMN %I SET DEFAULT … and the migration again', attname, attname)
  FROM pg_attribute
  WHERE attrelid = to_regclass('casbin_rule') AND attnum > 0 AND NOT attisdropped AND attnotnull
    AND NOT atthasdef AND attidentity = '' AND attgenerated = '' AND attname <> ALL ($2)`;

const unfitRows = (columns: readonly string[]): string => `
  SELECT id::text AS id, problem, count(*) OVER ()::int AS "all" FROM (
    SELECT id, CASE
      WHEN ptype IS NULL OR ptype !~ '^[pg]' THEN 'its ptype does not begin with p or g'
      WHEN coalesce(v0, '') = '' THEN 'its v0 is empty'
      WHEN ptype LIKE 'g%' AND coalesce(v1, '') = '' THEN 'its v1 is empty'
      WHEN octet_length(concat(${columns.join(', ')})) > ${mostBytes} THEN 'its columns have more than ${mostBytes} bytes in all'
    END AS problem
    FROM casbin_rule) AS rule
  WHERE problem IS NOT NULL ORDER BY rule.id LIMIT 10`;

/**
 * Makes sure that every row can be a rule, before anything is changed.
 * @throws InvalidInputError naming the rows, or the column of the host that is in the way
 */
export async function assertAdoptable(manager: EntityManager): Promise<void> {
  const ours = ['id', 'ptype', 'v0', ...laterColumns];
  const [unfit] = await manager.query<{ problem: string }[]>(unfitTable, [needed, ours]);
  if (unfit) throw new InvalidInputError('casbin_rule', unfit.problem);
  const there = await manager.query<{ name: string }[]>(columnsThere);
  const values = there.map(({ name }) => name).filter((name) => /^v[0-6]$/.test(name));
  const rows = await manager.query<{ id: string; problem: string; all: number }[]>(unfitRows(values));
  const [first] = rows;
  if (!first) return;
  const named = rows.map(({ id, problem }) => `id ${id}: ${problem}`).join('; ');
  const others = first.all > rows.length ? `; and ${first.all - rows.length} more` : '';
  throw new InvalidInputError(
    'casbin_rule',
    `holds ${first.all} rows that are no rules, and that no record could tell of (${named}${others}). ` +
      'Mend or delete them and run the migration again; nothing was changed',
  );
}
