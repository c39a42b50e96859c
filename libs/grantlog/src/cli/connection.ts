import { DataSource, type DataSourceOptions } from 'typeorm';
import { surviveLostConnections } from '../database/survive-lost-connections';
import { setting, type Terminal } from './terminal';
import { UsageError } from './usage.error';

/** Milliseconds that a server may take to answer the first time. */
const patience = 10_000;

export type MigratingOptions = Pick<DataSourceOptions, 'migrations' | 'migrationsTableName'>;

/**
 * The database of `DATABASE_URL`, not connected yet. It has no place on the command line: everybody on the machine reads those.
 * @throws UsageError
 */
export function dataSourceOf(terminal: Terminal, migrating: MigratingOptions = {}): DataSource {
  return new DataSource({
    type: 'postgres',
    url: databaseUrl(terminal),
    ...migrating,
    applicationName: 'grantlog',
    connectTimeoutMS: patience,
    poolSize: 4,
  });
}

/** Connects for the time of some work. */
export async function connected<T>(dataSource: DataSource, work: () => Promise<T>): Promise<T> {
  await dataSource.initialize();
  surviveLostConnections(dataSource);
  try {
    return await work();
  } finally {
    await dataSource.destroy();
  }
}

function databaseUrl(terminal: Terminal): string {
  const url = setting(terminal, 'DATABASE_URL');
  if (url === undefined) {
    throw new UsageError('DATABASE_URL is not set; give it as postgres://user:password@host:5432/database');
  }
  if (URL.canParse(url) && ['postgres:', 'postgresql:'].includes(new URL(url).protocol)) return url;
  throw new UsageError('DATABASE_URL must look like postgres://user:password@host:5432/database');
}
