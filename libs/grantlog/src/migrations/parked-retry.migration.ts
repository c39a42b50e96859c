import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Lets somebody who has no listeners, such as the command line, ask those who have them to deliver a parked record once more. */
export class GrantlogParkedRetry1764000000003 implements MigrationInterface {
  name = 'GrantlogParkedRetry1764000000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE audit_parked ADD COLUMN IF NOT EXISTS retry_requested_at timestamptz');
    await runner.query(
      `CREATE INDEX IF NOT EXISTS audit_parked_retry ON audit_parked (follower, id) WHERE retry_requested_at IS NOT NULL`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE audit_parked DROP COLUMN IF EXISTS retry_requested_at');
  }
}
