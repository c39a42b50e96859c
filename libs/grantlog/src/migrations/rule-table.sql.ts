/** typeorm-adapter's table, as its own entity would create it; an existing one is kept, and older ones had fewer columns. */
export const createRuleTable = `
  CREATE TABLE IF NOT EXISTS casbin_rule (
    id serial PRIMARY KEY,
    ptype varchar, v0 varchar, v1 varchar, v2 varchar, v3 varchar, v4 varchar, v5 varchar, v6 varchar
  );
  ALTER TABLE casbin_rule ADD COLUMN IF NOT EXISTS v5 varchar, ADD COLUMN IF NOT EXISTS v6 varchar`;

const laterColumns = ['v1', 'v2', 'v3', 'v4', 'v5', 'v6'];
const presentOrEmpty = laterColumns.map((column) => `coalesce(${column}, '')`);
const absentColumns = `num_nulls(${laterColumns.join(', ')})`;

export const countDuplicateRules = `
  SELECT count(*)::int AS duplicates FROM (
    SELECT 1 FROM casbin_rule GROUP BY v0, ptype, ${presentOrEmpty.join(', ')}, ${absentColumns} HAVING count(*) > 1) AS duplicate`;

/**
 * One fact, one row. Absent (NULL) columns of a rule equal each other here, on every version of PostgreSQL, which they would not in
 * a unique constraint; the number of absent ones keeps '' different from absent, because columns are absent from the end only.
 */
export const createRuleIndexes = `
  CREATE UNIQUE INDEX casbin_rule_unique ON casbin_rule (
    v0 COLLATE "C", ptype COLLATE "C", ${presentOrEmpty.map((column) => `${column} COLLATE "C"`).join(', ')}, ${absentColumns});
  CREATE INDEX casbin_rule_scope ON casbin_rule (v2 COLLATE "C", id) WHERE ptype = 'g'`;

export const dropRuleIndexes = `DROP INDEX IF EXISTS casbin_rule_scope, casbin_rule_unique`;
