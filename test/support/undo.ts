import type { DataSource } from 'typeorm';

/** Takes Grantlog's migrations back, the latest first, down to and including the one whose name begins like this. */
export async function undoThrough(
  dataSource: DataSource,
  name: string,
  options?: Parameters<DataSource['undoLastMigration']>[0],
): Promise<void> {
  for (;;) {
    const [last] = await dataSource.query<{ name: string }[]>('SELECT name FROM migrations ORDER BY id DESC LIMIT 1');
    if (!last) throw new Error(`no migration is called ${name}`);
    await dataSource.undoLastMigration(options);
    if (last.name.startsWith(name)) return;
  }
}
