/** Runs the migrations in a process of its own, so that it can be killed: `node -r typescript.cjs adopting-process.ts <url>`. */
import { grantlogMigrations } from 'grantlog';
import { DataSource } from 'typeorm';

async function main(url: string): Promise<void> {
  const dataSource = await new DataSource({ type: 'postgres', url, migrations: grantlogMigrations }).initialize();
  await dataSource.runMigrations();
  await dataSource.destroy();
}

process.stdin.resume().on('end', () => process.exit(1)); // the test has ended without killing it
main(process.argv[2] ?? '').then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
