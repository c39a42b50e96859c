import type { Adapter } from 'casbin';
import { DataSource, type EntityTarget, type ObjectLiteral } from 'typeorm';
import { InvalidInputError } from '../contract/grantlog.error';
import { assertReadsAll, typeormAdapterClass } from './whole-table';

const ruleTable = 'casbin_rule';

/** Where a typeorm-adapter keeps its rules. */
export interface AdapterTable {
  readonly dataSource: DataSource;
  /** Qualified by its schema if TypeORM qualifies it, and quoted. */
  readonly name: string;
}

/** What typeorm-adapter's typings keep private. */
interface AdapterState {
  readonly typeorm: DataSource;
  getCasbinRuleConstructor(): EntityTarget<ObjectLiteral>;
}

/**
 * The table of a typeorm-adapter on PostgreSQL; `undefined` for any other adapter.
 * @throws InvalidInputError if the table has another name than casbin_rule, the adapter another copy of TypeORM, or it leaves rows out
 */
export function adapterTableOf(adapter: Adapter | undefined): AdapterTable | undefined {
  if (!adapter || !typeormAdapterClass(adapter)) return undefined;
  const state = adapter as unknown as AdapterState;
  const { typeorm: dataSource } = state;
  if (dataSource.options.type !== 'postgres') return undefined;
  if (!(dataSource instanceof DataSource)) {
    throw new InvalidInputError(
      'enforcer',
      'has an adapter with a TypeORM of its own; use one copy of typeorm (`npm ls typeorm` shows them, `npm dedupe` may do)',
    );
  }
  const entity = dataSource.getMetadata(state.getCasbinRuleConstructor());
  const { tableName, schema } = entity;
  const name = [schema, tableName]
    .filter((part) => part !== undefined)
    .map(quoted)
    .join('.');
  if (tableName === ruleTable) {
    assertReadsAll(adapter, entity);
    return { dataSource, name };
  }
  throw new InvalidInputError(
    'enforcer',
    `keeps its rules in ${name}; Grantlog keeps them in ${ruleTable}. Before Grantlog's migrations run: ` +
      `ALTER TABLE ${name} RENAME TO ${ruleTable}, which takes no time, and name it so in the entity. docs/moving-in.md says ` +
      'how, if they did run',
  );
}

/**
 * Makes sure that the adapter's rules are the ones that Grantlog reads and writes.
 * @throws InvalidInputError if they are in another server, database or schema
 */
export async function assertSameTable(table: AdapterTable, dataSource: DataSource): Promise<void> {
  const [theirs, ours] = [await placeOf(table.dataSource, table.name), await placeOf(dataSource, ruleTable)];
  if (theirs === ours) return;
  throw new InvalidInputError(
    'enforcer',
    `keeps its rules in another ${ruleTable} than the DataSource that Grantlog was given; give both the same url and schema, or ` +
      'let Grantlog use the adapter’s by the option dataSource',
  );
}

/** The same text for the same table of the same server, whatever the server is called. */
async function placeOf(dataSource: DataSource, table: string): Promise<string> {
  const rows = await dataSource.query<object[]>(
    `SELECT to_regclass($1::text)::oid AS "table", extract(epoch FROM pg_postmaster_start_time())::text AS started,
       (SELECT oid FROM pg_database WHERE datname = current_database()) AS database`,
    [table],
  );
  return JSON.stringify(rows);
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
