import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { PostgresClient } from './idle-connection';
import type { Statement } from './statement';

const log = new Logger('Grantlog');

/** DataSources behind which a connection does not remember what it prepared, as with PgBouncer before 1.21. */
const forgetful = new WeakSet<DataSource>();

/** From now on statements are sent to this DataSource without their names. */
export function avoidPreparedStatements(dataSource: DataSource): void {
  forgetful.add(dataSource);
}

/** Runs a statement, by its name where the connection keeps it prepared. */
export async function send<Row>(
  dataSource: DataSource,
  client: PostgresClient,
  { name, ...unnamed }: Statement,
  parameters: readonly unknown[],
): Promise<Row[]> {
  const values = [...parameters];
  if (name === undefined || forgetful.has(dataSource)) return (await client.query<Row>({ ...unnamed, values })).rows;
  return (await client.query<Row>({ ...unnamed, name, values })).rows;
}

/**
 * Whether a statement failed because the server does not know it by its name, or knows another one by it; then it has not
 * run. It may be sent again: from now on names are avoided.
 */
export function wasForgotten(error: unknown, dataSource: DataSource): boolean {
  const { code } = error as { code?: unknown };
  if (code !== '26000' && code !== '42P05') return false;
  if (forgetful.has(dataSource)) return true; // somebody else has noticed before
  avoidPreparedStatements(dataSource);
  log.warn(
    'A connection does not keep prepared statements (a pooler in transaction mode?); they are sent unprepared from now on. ' +
      'The option preparedStatements: false says so from the start.',
  );
  return true;
}
