import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the demo itself remembers: policy files it has imported, and the key that signs its sessions. */
export class DemoTables1764000000001 implements MigrationInterface {
  name = 'DemoTables1764000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE demo_policy_file (hash text PRIMARY KEY, imported_at timestamptz NOT NULL DEFAULT clock_timestamp());
      CREATE TABLE demo_policy_row (key text PRIMARY KEY);
      CREATE TABLE demo_session_key (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), secret text NOT NULL)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE demo_policy_file, demo_policy_row, demo_session_key');
  }
}

/** What the app's role needs of them. */
export const demoGrants = (role: string): string =>
  `GRANT SELECT, INSERT, UPDATE, DELETE ON demo_policy_file, demo_policy_row, demo_session_key TO ${role}`;
