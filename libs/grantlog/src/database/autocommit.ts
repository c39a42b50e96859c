import type { DataSource } from 'typeorm';
import { giveUp, onIdleConnection, type PostgresClient } from './idle-connection';
import { isLostConnection, isTransient, OutcomeUnknownError } from './lost-connection';
import { send, wasForgotten } from './prepared-statements';
import type { Statement } from './statement';

const mostAttempts = 20;

/**
 * Runs one statement that changes something and commits by itself. Where the database's default isolation is stricter than
 * READ COMMITTED, it may have to be repeated; a statement that was refused for that has changed nothing.
 * @param attempts how often it is run if the database asks to repeat it
 * @throws NotConnectedError if there is no connection to run it on, and ReadOnlyError if the database refuses changes
 * @throws OutcomeUnknownError if the connection is lost while the statement runs
 */
export function autocommit<Row>(
  dataSource: DataSource,
  statement: Statement,
  parameters: readonly unknown[],
  attempts = mostAttempts,
): Promise<Row[]> {
  return onIdleConnection(dataSource, async (client, runner) => {
    dataSource.logger.logQuery(statement.text, [...parameters], runner);
    let forgotten = false;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await send<Row>(dataSource, client, statement, parameters);
      } catch (error) {
        if (!forgotten && wasForgotten(error, dataSource)) forgotten = true;
        else if (attempt >= attempts || !isTransient(error)) return unknownIfLost(error, client);
      }
    }
  });
}

/** Rethrows. A connection that broke is ended, or the pool would give it to the next one. */
export async function unknownIfLost(error: unknown, client: PostgresClient): Promise<never> {
  if (!isLostConnection(error)) throw error;
  await giveUp(client);
  throw new OutcomeUnknownError(error);
}
