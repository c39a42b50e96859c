import type { DataSource } from 'typeorm';
import { GrantlogError } from './contract/grantlog.error';
import { avoidPreparedStatements } from './database/prepared-statements';
import { surviveLostConnections } from './database/survive-lost-connections';
import { type AdapterTable, assertSameTable } from './host-enforcer/adapter-table';
import { assertInstalled, assertNotSynchronized } from './installation';

export interface DataSources {
  /** By the option. */
  readonly given: DataSource | undefined;
  /** By `@nestjs/typeorm`. */
  readonly injected: DataSource | undefined;
  /** Of the host's own enforcer. */
  readonly table: AdapterTable | undefined;
}

/**
 * The DataSource that Grantlog uses, ready for that. The host's transactions are made on the first two, so they go before the one
 * of an adapter.
 * @throws GrantlogError if there is none, or it cannot be used
 */
export async function chooseDataSource(
  { given, injected, table }: DataSources,
  preparedStatements: boolean,
): Promise<DataSource> {
  const chosen = given ?? injected ?? table?.dataSource;
  if (!chosen) {
    throw new GrantlogError(
      'INVALID_INPUT',
      'GrantlogModule needs a DataSource: import TypeOrmModule.forRoot(…) or set the option dataSource.',
    );
  }
  assertNotSynchronized(chosen);
  if (table) assertNotSynchronized(table.dataSource);
  surviveLostConnections(chosen);
  if (!preparedStatements) avoidPreparedStatements(chosen);
  await assertInstalled(chosen);
  if (table) await assertSameTable(table, chosen);
  return chosen;
}
