import type { DataSource } from 'typeorm';
import { onIdleConnection, type PostgresClient } from './idle-connection';
import { isLostConnection, OutcomeUnknownError } from './lost-connection';

/**
 * Runs one statement that changes something and commits by itself.
 * @throws OutcomeUnknownError if the connection is lost while the statement runs
 */
export function autocommit<Row>(dataSource: DataSource, sql: string, parameters: readonly unknown[]): Promise<Row[]> {
  return onIdleConnection(dataSource, async (client, runner) => {
    dataSource.logger.logQuery(sql, [...parameters], runner);
    return (await client.query<Row>(sql, [...parameters]).catch((error: unknown) => unknownIfLost(error, client))).rows;
  });
}

/** Rethrows. A connection that broke is ended, or the pool would give it to the next one. */
export async function unknownIfLost(error: unknown, client: PostgresClient): Promise<never> {
  if (!isLostConnection(error)) throw error;
  await client.end().catch(() => undefined); // it is broken already
  throw new OutcomeUnknownError(error);
}
