import type { MigrationInterface, QueryRunner } from 'typeorm';
import { adoptionReason } from './adoption';
import { createFollowerTables, dropFollowerTables } from './follower-tables.sql';
import { createImportTables, dropImportTables } from './import-tables.sql';
import { createOutboxTable, dropOutboxTable } from './outbox-table.sql';
import { createRuleTable } from './rule-table.sql';
import { countEvents, createTrailTables, dropTrailTables } from './trail-tables.sql';

const oldestVersion = 130_000;

/** Creates Grantlog's tables, and typeorm-adapter's if it is not there. Needs PostgreSQL 13 or later. */
export class GrantlogInstall1764000000000 implements MigrationInterface {
  name = 'GrantlogInstall1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    await refuseOldServer(runner);
    await refuseOtherSchema(runner);
    if (await isInstalled(runner)) return; // by another node, which this one has waited for
    if (!(await hasRuleTable(runner))) await runner.query(createRuleTable);
    await runner.query(createOutboxTable);
    await runner.query(createTrailTables);
    await runner.query(createFollowerTables);
    await runner.query(createImportTables);
  }

  /**
   * Takes Grantlog away and leaves `casbin_rule` with its rows. A log that tells of more than what was adopted is never dropped by
   * this.
   */
  async down(runner: QueryRunner): Promise<void> {
    const [held] = await runner.manager.query<{ records: string; waiting: string }[]>(countEvents, [adoptionReason]);
    if (held && (held.records !== '0' || held.waiting !== '0')) {
      throw new Error(
        `audit_record holds ${held.records} records of changes and audit_outbox ${held.waiting} events, which going down would destroy. ` +
          'Export them, drop the tables yourself, and run the migration again.',
      );
    }
    await runner.query(dropImportTables);
    await runner.query(dropFollowerTables);
    await runner.query(dropTrailTables);
    await runner.query(dropOutboxTable);
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

/** Nodes that start at once install one after the other. */
async function isInstalled(runner: QueryRunner): Promise<boolean> {
  await runner.query(`SELECT pg_advisory_xact_lock(hashtextextended('grantlog install ' || current_schema(), 0))`);
  const [answer] = await runner.manager.query<{ there: boolean }[]>(
    `SELECT to_regclass('audit_record') IS NOT NULL AS there`,
  );
  return answer?.there === true;
}

/** A table in a schema further down the search_path would be hidden by a new one, or be split from Grantlog's other tables. */
async function hasRuleTable(runner: QueryRunner): Promise<boolean> {
  const [table] = await runner.manager.query<{ schema: string; current: string }[]>(
    `SELECT relnamespace::regnamespace::text AS schema, quote_ident(current_schema()) AS current
     FROM pg_class WHERE oid = to_regclass('casbin_rule')`,
  );
  if (!table) return false;
  if (table.schema === table.current) return true;
  throw new Error(
    `casbin_rule lies in the schema ${table.schema}, while new tables would be made in ${table.current}. ` +
      `Add extra: { options: '-c search_path=${table.schema}' } to the DataSource and run the migration again.`,
  );
}
