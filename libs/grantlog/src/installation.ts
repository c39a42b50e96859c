import { isDeepStrictEqual } from 'node:util';
import type { DataSource } from 'typeorm';
import { GrantlogError, InvalidInputError } from './contract/grantlog.error';
import { strayFollowing } from './migrations/interval-tables.sql';

const tables = [
  'casbin_rule',
  'audit_outbox',
  'audit_record',
  'audit_head',
  'audit_follower',
  'audit_parked',
  'audit_import',
  'audit_import_rule',
  'audit_adoption',
  'audit_interval',
  'audit_interval_block',
];

/** The database lacks what the migrations create. */
export class NotInstalledError extends GrantlogError {
  constructor(missing: readonly string[]) {
    super(
      'NOT_INSTALLED',
      `The database lacks ${missing.join(', ')}. Add grantlogMigrations to the DataSource's migrations and run them; ` +
        'if they did run, the schema they ran in is not on the search_path of this connection.',
    );
  }
}

/**
 * Makes sure that the tables are there and that the rule is unique: without that, concurrent calls would write one fact twice.
 * @throws NotInstalledError
 */
export async function assertInstalled(dataSource: DataSource): Promise<void> {
  await assertSchemaIsUsed(dataSource);
  const rows: { name: string }[] = await dataSource.query(
    `SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL
     UNION ALL
     SELECT 'the column audit_parked.retry_requested_at' WHERE NOT EXISTS (
       SELECT FROM pg_attribute WHERE attrelid = to_regclass('audit_parked') AND attname = 'retry_requested_at' AND NOT attisdropped)
     UNION ALL
     SELECT 'the unique index casbin_rule_unique' WHERE NOT EXISTS (
       SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('casbin_rule_unique') AND indisunique AND indisvalid
         AND pg_get_indexdef(indexrelid) LIKE '%num_nulls(%')`,
    [tables],
  );
  if (rows.length > 0) throw new NotInstalledError(rows.map(({ name }) => name));
  await assertIntervalsReadable(dataSource);
  await assertIntervalsFollow(dataSource);
  await assertAdopted(dataSource);
  await assertParsed(dataSource);
}

/**
 * TypeORM drops every index that an entity does not declare, so that typeorm-adapter's would take away at each start what makes the
 * rules unique. `TypeORMAdapter.newAdapter()` asks for that unless it is told otherwise.
 * @throws InvalidInputError
 */
export function assertNotSynchronized({ options, entityMetadatas }: DataSource): void {
  if (!options.synchronize) return;
  const entity = entityMetadatas.find(({ tableName, synchronize }) => tableName === 'casbin_rule' && synchronize);
  if (!entity) return;
  throw new InvalidInputError(
    'dataSource.synchronize',
    `is true and the entity ${entity.name} describes casbin_rule, so that TypeORM drops its unique index at each start. Give ` +
      'synchronize: false to the DataSource or to TypeORMAdapter.newAdapter() (whose default is true), and use migrations. ' +
      'adoptRules(dataSource) makes an index again that is lost already',
  );
}

/** A role that was granted the log before there were intervals must be able to read them, too. */
async function assertIntervalsReadable({ manager }: DataSource): Promise<void> {
  const [denied] = await manager.query<{ role: string; tables: string }[]>(
    `SELECT quote_ident(current_user) AS role, string_agg(name, ', ' ORDER BY name) AS tables
     FROM unnest('{audit_interval,audit_interval_block}'::text[]) AS name
     WHERE NOT has_table_privilege(to_regclass(name), 'SELECT') HAVING count(*) > 0`,
  );
  if (!denied) return;
  const { role, tables } = denied;
  throw new GrantlogError(
    'NOT_INSTALLED',
    `The role ${role} may not read ${tables}. Let the owner of the tables run: GRANT SELECT ON ${tables} TO ${role}`,
  );
}

/** The function that follows the log knows its schema by name: after the schema was renamed nothing could be recorded. */
async function assertIntervalsFollow({ manager }: DataSource): Promise<void> {
  const [stray] = await manager.query<{ schema: string; setting: string }[]>(strayFollowing);
  if (!stray) return;
  throw new GrantlogError(
    'NOT_INSTALLED',
    `audit_record is in the schema ${stray.schema}, while audit_interval_follow() has ${stray.setting}, so that nothing would be ` +
      'recorded. The schema was renamed, or the table moved; run `grantlog rebuild` as the owner of the tables',
  );
}

/** Rules that no record tells of yet must not be changed: their removal would be the first that the log says of them. */
async function assertAdopted(dataSource: DataSource): Promise<void> {
  const unfinished = await dataSource.query<unknown[]>('SELECT 1 FROM audit_adoption WHERE finished_at IS NULL');
  if (unfinished.length > 0) throw new NotInstalledError(['the end of the adoption of casbin_rule']);
}

/** A host's type parser that leaves JSON as text would have events recorded that say something else, for good. */
async function assertParsed(dataSource: DataSource): Promise<void> {
  const [row] = await dataSource.query<unknown[]>(
    `SELECT '{"ptype": "g"}'::jsonb AS "jsonb", 1::int4 AS "int4", true AS "bool"`,
  );
  const expected = { jsonb: { ptype: 'g' }, int4: 1, bool: true };
  for (const [type, value] of Object.entries(expected)) {
    const parsed: unknown = Reflect.get(row as object, type);
    if (isDeepStrictEqual(parsed, value)) continue;
    throw new InvalidInputError(
      'dataSource',
      `gives ${type} as ${typeof parsed}; take away the type parser that was set for it (pg.types.setTypeParser)`,
    );
  }
}

/**
 * TypeORM's option `schema` qualifies its own statements and no others: ours go by the search_path, and would quietly find
 * or make other tables than the host's.
 */
async function assertSchemaIsUsed({ options, manager }: DataSource): Promise<void> {
  const { schema } = options as { schema?: string };
  if (schema === undefined) return;
  const [here] = await manager.query<{ current: string | null }[]>('SELECT current_schema() AS current');
  if (here?.current === schema) return;
  throw new InvalidInputError(
    'dataSource.schema',
    `is "${schema}", while connections use "${here?.current ?? 'none'}"; add extra: { options: '-c search_path=${schema}' } to the DataSource`,
  );
}
