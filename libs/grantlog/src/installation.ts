import type { DataSource } from 'typeorm';
import { GrantlogError } from './contract/grantlog.error';

const tables = [
  'casbin_rule',
  'audit_outbox',
  'audit_record',
  'audit_head',
  'audit_change',
  'audit_follower',
  'audit_parked',
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
  const rows: { name: string }[] = await dataSource.query(
    `SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL
     UNION ALL
     SELECT 'the unique index casbin_rule_unique' WHERE NOT EXISTS (
       SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('casbin_rule_unique') AND indisunique AND indisvalid)`,
    [tables],
  );
  if (rows.length > 0) throw new NotInstalledError(rows.map(({ name }) => name));
}
