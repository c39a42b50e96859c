import type { EntityManager } from 'typeorm';
import { InvalidInputError } from '../contract/grantlog.error';
import { laterColumns } from './rule-table.sql';

/** What fits into one entry of the unique index. */
const mostBytes = 2_600;
const mostNamed = 10;
const needed = ['id', 'ptype', 'v0', 'v1'];
const ours = ['id', 'ptype', 'v0', ...laterColumns];

/** The table's columns. */
const attributes = `pg_attribute
  WHERE attrelid = to_regclass('casbin_rule') AND attnum > 0 AND NOT attisdropped`;

/** What keeps the table from being adopted, as the end of a sentence; the first one is told. $1 the columns that it must have, $2 all of ours, $3 those that may be absent in a rule. */
const unfitTable = `
  SELECT 'is not a plain table; Grantlog needs one of that name' AS problem FROM pg_class
  WHERE oid = to_regclass('casbin_rule') AND relkind <> 'r'
  UNION ALL
  SELECT format('belongs to the role %s; run the migrations as that role', relowner::regrole) FROM pg_class
  WHERE oid = to_regclass('casbin_rule') AND NOT pg_has_role(current_user, relowner, 'USAGE')
  UNION ALL
  SELECT format('needs the column %I of typeorm-adapter', name) FROM unnest($1::text[]) AS name
  WHERE name NOT IN (SELECT attname FROM ${attributes})
  UNION ALL
  SELECT 'needs a column id of type integer or bigint, which is given by a sequence' FROM ${attributes}
    AND attname = 'id' AND (atttypid NOT IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
      OR NOT (atthasdef OR attidentity <> ''))
  UNION ALL
  SELECT format('column %I must be filled, and rules may lack it; run ALTER TABLE casbin_rule ALTER COLUMN %I DROP NOT NULL',
    attname, attname) FROM ${attributes} AND attname = ANY ($3) AND attnotnull
  UNION ALL
  SELECT format('column %I has a default, which rules that lack it would get; run ALTER TABLE casbin_rule ALTER COLUMN %I DROP DEFAULT',
    attname, attname) FROM ${attributes} AND attname = ANY ($3) AND atthasdef
  UNION ALL
  SELECT format('column %I must be filled and has no default, so that no rule could be added; '
    || 'run ALTER TABLE casbin_rule ALTER COLUMN %I SET DEFAULT …', attname, attname) FROM ${attributes}
    AND attnotnull AND NOT atthasdef AND attidentity = '' AND attgenerated = '' AND attname <> ALL ($2)
  UNION ALL
  SELECT format('has an index of another kind that is called %s; give that another name', indexrelid::regclass)
  FROM pg_index
  WHERE indisvalid AND (
    indexrelid = to_regclass('casbin_rule_unique') AND NOT (indisunique AND pg_get_indexdef(indexrelid) LIKE '%num_nulls(%')
    OR indexrelid = to_regclass('casbin_rule_scope') AND pg_get_indexdef(indexrelid) NOT LIKE '%(v2 COLLATE "C", id) WHERE%'
    OR indexrelid = to_regclass('casbin_rule_other') AND pg_get_indexdef(indexrelid) NOT LIKE '%(id) WHERE%')`;

const unfitRows = (columns: readonly string[]): string => `
  SELECT id::text AS id, problem, count(*) OVER ()::int AS "all" FROM (
    SELECT id, CASE
      WHEN ptype IS NULL OR ptype COLLATE "C" !~ '^[pg]' THEN 'its ptype does not begin with p or g'
      WHEN coalesce(v0, '') COLLATE "C" = '' THEN 'its v0 is empty'
      WHEN ptype COLLATE "C" LIKE 'g%' AND coalesce(v1, '') COLLATE "C" = '' THEN 'its v1 is empty'
      WHEN octet_length(concat(${columns.join(', ')})) > ${mostBytes} THEN 'its columns have more than ${mostBytes} bytes in all'
    END AS problem
    FROM casbin_rule) AS rule
  WHERE problem IS NOT NULL ORDER BY rule.id LIMIT ${mostNamed}`;

/** A table that refers to rules, if some of them are copies, which are going to be removed. */
const referringTable = (columns: readonly string[]): string => `
  SELECT conname AS name, conrelid::regclass::text AS table FROM pg_constraint
  WHERE contype = 'f' AND confrelid = to_regclass('casbin_rule') AND EXISTS (
    SELECT 1 FROM casbin_rule
    GROUP BY ptype COLLATE "C", array_remove(array_remove(ARRAY[${columns.map((column) => `${column} COLLATE "C"`).join(', ')}]::text[], ''), NULL)
    HAVING count(*) > 1)
  LIMIT 1`;

/**
 * Makes sure that every row can be a rule, before anything is changed.
 * @throws InvalidInputError naming the rows, or what of the host's is in the way
 */
export async function assertAdoptable(manager: EntityManager): Promise<void> {
  const [unfit] = await manager.query<{ problem: string }[]>(unfitTable, [needed, ours, laterColumns]);
  if (unfit) refuse(unfit.problem);
  const there = await manager.query<{ name: string }[]>(`SELECT attname::text AS name FROM ${attributes}`);
  const values = there.map(({ name }) => name).filter((name) => /^v[0-6]$/.test(name));
  await refuseRows(manager, values);
  const [reference] = await manager.query<{ name: string; table: string }[]>(referringTable(values));
  if (!reference) return;
  refuse(
    `holds rules more than once, of which all but the first would be removed, and ${reference.table} refers to them ` +
      `(${reference.name}); let it refer to the first of each and delete the copies`,
  );
}

async function refuseRows(manager: EntityManager, columns: readonly string[]): Promise<void> {
  const rows = await manager.query<{ id: string; problem: string; all: number }[]>(unfitRows(columns));
  const [first] = rows;
  if (!first) return;
  const some = rows.map(({ id, problem }) => `id ${id}: ${problem}`).join('; ');
  const others = first.all > rows.length ? `; and ${first.all - rows.length} more` : '';
  refuse(
    `holds ${first.all} rows that are no rules, and that no record could tell of (${some}${others}); mend or delete them`,
  );
}

function refuse(problem: string): never {
  throw new InvalidInputError('casbin_rule', `${problem}. Then run the migration again; nothing was changed`);
}
