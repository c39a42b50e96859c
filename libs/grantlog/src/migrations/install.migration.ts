import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createFollowerTables, dropFollowerTables } from './follower-tables.sql';
import { createOutboxTable, dropOutboxTable } from './outbox-table.sql';
import { countDuplicateRules, createRuleIndexes, createRuleTable, dropRuleIndexes } from './rule-table.sql';
import { countEvents, createTrailTables, dropTrailTables } from './trail-tables.sql';

const oldestVersion = 130_000;

/** Creates Grantlog's tables and makes typeorm-adapter's `casbin_rule` unique. Needs PostgreSQL 13 or later. */
export class GrantlogInstall1764000000000 implements MigrationInterface {
  name = 'GrantlogInstall1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    await refuseOldServer(runner);
    await refuseOtherSchema(runner);
    await runner.query(createRuleTable);
    await refuseDuplicateRules(runner);
    await runner.query(createRuleIndexes);
    await runner.query(createOutboxTable);
    await runner.query(createTrailTables);
    await runner.query(createFollowerTables);
  }

  /** Takes Grantlog away and leaves `casbin_rule` with its rows. A log with records in it is never dropped by this. */
  async down(runner: QueryRunner): Promise<void> {
    const [held] = await runner.manager.query<{ records: string; waiting: string }[]>(countEvents);
    if (held && (held.records !== '0' || held.waiting !== '0')) {
      throw new Error(
        `audit_record holds ${held.records} records and audit_outbox ${held.waiting} events, which going down would destroy. ` +
          'Export them, drop the tables yourself, and run the migration again.',
      );
    }
    await runner.query(dropFollowerTables);
    await runner.query(dropTrailTables);
    await runner.query(dropOutboxTable);
    await runner.query(dropRuleIndexes);
  }
}

async function refuseOldServer(runner: QueryRunner): Promise<void> {
  const [row] = await runner.manager.query<{ version: number }[]>(
    `SELECT current_setting('server_version_num')::int AS version`,
  );
  if (row && row.version >= oldestVersion) return;
  throw new Error(`Grantlog needs PostgreSQL 13 or later; this server is ${row?.version ?? 'unknown'}.`);
}

/** TypeORM's option `schema` qualifies entities only; the tables would be made beside them. */
async function refuseOtherSchema(runner: QueryRunner): Promise<void> {
  const { schema } = runner.dataSource.options as { schema?: string };
  const [here] = await runner.manager.query<{ current: string | null }[]>('SELECT current_schema() AS current');
  if (schema === undefined || here?.current === schema) return;
  throw new Error(
    `The DataSource's schema is "${schema}", while its connections use "${here?.current ?? 'none'}". ` +
      `Add extra: { options: '-c search_path=${schema}' } to the DataSource and run the migration again.`,
  );
}

async function refuseDuplicateRules(runner: QueryRunner): Promise<void> {
  const [row] = await runner.manager.query<{ duplicates: number }[]>(countDuplicateRules);
  if (!row || row.duplicates === 0) return;
  throw new Error(
    `casbin_rule holds ${row.duplicates} rules more than once, so it cannot be made unique. ` +
      'Delete the copies (keep the lowest id of each) and run the migration again.',
  );
}
