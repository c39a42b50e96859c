import type { MigrationInterface, QueryRunner } from 'typeorm';
import { lockHead } from './adoption.sql';
import { dropIntervalTables } from './interval-tables.sql';
import { inTransaction, makeIntervals } from './rebuilding';

/** Keeps since when until when each rule was in force, derived from the log. While it is built nobody appends; changes go on. */
export class GrantlogIntervals1764000000002 implements MigrationInterface {
  name = 'GrantlogIntervals1764000000002';

  async up(runner: QueryRunner): Promise<void> {
    await inTransaction(runner, async () => {
      await runner.query(lockHead);
      await makeIntervals(runner); // unless another node has made them, which this one has waited for
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(dropIntervalTables);
  }
}
