/**
 * Reconciles and records in a process of its own, so that it can be killed: `node -r typescript.cjs reconciling-process.ts <url>`. It says on
 * stdout how many records it had written when it ended.
 */
import { reconcile } from 'grantlog';
import { DataSource } from 'typeorm';

async function main(url: string): Promise<void> {
  const dataSource = await new DataSource({ type: 'postgres', url }).initialize();
  const { recorded } = await reconcile(dataSource, { record: true, limit: 0 });
  process.stdout.write(`${recorded}\n`);
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
