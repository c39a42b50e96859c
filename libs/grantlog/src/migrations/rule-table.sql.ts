/** typeorm-adapter's table, as its own entity would create it; an existing one is kept as it is. */
export const createRuleTable = `
  CREATE TABLE casbin_rule (
    id serial PRIMARY KEY,
    ptype varchar, v0 varchar, v1 varchar, v2 varchar, v3 varchar, v4 varchar, v5 varchar, v6 varchar
  )`;

export const laterColumns = ['v1', 'v2', 'v3', 'v4', 'v5', 'v6'] as const;
export const valueColumns = ['v0', ...laterColumns] as const;

/** The columns of a row that hold the values of its rule. */
export const columnsOf = (row: string): string => valueColumns.map((column) => `${row}.${column}`).join(', ');

/** The values of a row as typeorm-adapter reads them: it leaves out columns that are absent or empty, wherever they stand. */
export const valuesRead = (row: string): string =>
  `array_remove(array_remove(ARRAY[${valueColumns.map((column) => `${row}.${column} COLLATE "C"`).join(', ')}]::text[], ''), NULL)`;

const presentOrEmpty = laterColumns.map((column) => `coalesce(${column}, '') COLLATE "C"`).join(', ');

/**
 * One fact, one row. Absent (NULL) columns equal each other here, on every version of PostgreSQL, which they would not in
 * a unique constraint; the number of absent ones keeps '' different from absent, because columns are absent from the end only.
 */
export const wholeRule = `v0 COLLATE "C", ptype COLLATE "C", ${presentOrEmpty}, num_nulls(${laterColumns.join(', ')})`;

interface RuleIndex {
  readonly name: string;
  readonly kind: 'INDEX' | 'UNIQUE INDEX';
  readonly on: string;
}

/** Each rule once; the assignments of a scope, newest first; and the few rules that are no assignments. */
export const ruleIndexes: readonly RuleIndex[] = [
  { name: 'casbin_rule_unique', kind: 'UNIQUE INDEX', on: `casbin_rule (${wholeRule})` },
  { name: 'casbin_rule_scope', kind: 'INDEX', on: `casbin_rule (v2 COLLATE "C", id) WHERE ptype = 'g'` },
  { name: 'casbin_rule_other', kind: 'INDEX', on: `casbin_rule (id) WHERE ptype <> 'g'` },
];

/** @param how `CONCURRENTLY` goes beside readers and writers, and only outside of a transaction */
export const createIndex = ({ name, kind, on }: RuleIndex, how: '' | 'CONCURRENTLY'): string =>
  `CREATE ${kind} ${how} ${name} ON ${on}`;
