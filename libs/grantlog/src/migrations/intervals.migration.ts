import type { MigrationInterface, QueryRunner } from 'typeorm';
import { lockHead } from './adoption.sql';
import {
  createIntervalIndexes,
  createIntervalTable,
  createIntervalTrigger,
  dropIntervalTables,
  fillIntervals,
} from './interval-tables.sql';

/** Keeps since when until when each rule was in force, derived from the log. While it is built nobody appends; changes go on. */
export class GrantlogIntervals1764000000002 implements MigrationInterface {
  name = 'GrantlogIntervals1764000000002';

  async up(runner: QueryRunner): Promise<void> {
    if (runner.isTransactionActive) return build(runner);
    await runner.startTransaction(); // migrationsTransactionMode "none"
    try {
      await build(runner);
      await runner.commitTransaction();
    } catch (error) {
      await runner.rollbackTransaction();
      throw error;
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(dropIntervalTables);
  }
}

/** MUST run in a transaction, which holds the head until the trigger follows what is appended. */
async function build(runner: QueryRunner): Promise<void> {
  await runner.query(lockHead);
  const [here] = await runner.manager.query<{ schema: string; there: boolean }[]>(
    `SELECT quote_ident(current_schema()) AS schema, to_regclass('audit_interval') IS NOT NULL AS there`,
  );
  if (!here || here.there) return; // made by another node, which this one has waited for
  await runner.query(createIntervalTable);
  await runner.query(fillIntervals);
  await runner.query(createIntervalIndexes);
  await runner.query(createIntervalTrigger(here.schema));
}
