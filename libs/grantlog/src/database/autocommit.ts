import type { DataSource } from 'typeorm';
import { onIdleConnection } from './idle-connection';
import { outcomeOf } from './outcome-unknown.error';

/**
 * Runs one statement that commits by itself.
 * @throws OutcomeUnknownError if the connection is lost while the statement runs
 */
export function autocommit<Row>(dataSource: DataSource, sql: string, parameters: unknown[]): Promise<Row[]> {
  return onIdleConnection(dataSource, async (client, runner) => {
    dataSource.logger.logQuery(sql, parameters, runner);
    try {
      return (await client.query<Row>(sql, parameters)).rows;
    } catch (error) {
      throw outcomeOf(error);
    }
  });
}
