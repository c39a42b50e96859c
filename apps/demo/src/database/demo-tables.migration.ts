import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the demo itself remembers: the key that signs its sessions. */
export class DemoTables1764000000001 implements MigrationInterface {
  name = 'DemoTables1764000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE demo_session_key (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), secret text NOT NULL)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE demo_session_key');
  }
}

/** What the app's role needs of them. */
export const demoGrants = (role: string): string =>
  `GRANT SELECT, INSERT, UPDATE, DELETE ON demo_session_key TO ${role}`;
