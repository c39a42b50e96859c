import type { DataSource } from 'typeorm';
import { onIdleConnection, type PostgresClient } from './idle-connection';
import { send, wasForgotten } from './prepared-statements';
import type { Statement } from './statement';

/** Runs statements inside a transaction. */
export type Send = <Row>(statement: Statement, parameters?: readonly unknown[]) => Promise<Row[]>;

/** PostgreSQL answered COMMIT with a rollback, because the error of a statement before it had been swallowed. */
class RolledBackError extends Error {}

/**
 * Runs `work` in a transaction of our own, and commits it if `work` succeeds. It may be run once more, if the connection
 * turns out not to keep prepared statements.
 * @param begin the statements that open the transaction, sent in one round trip
 */
export function ownTransaction<T>(dataSource: DataSource, begin: string, work: (send: Send) => Promise<T>): Promise<T> {
  return onIdleConnection(dataSource, async (client) => {
    try {
      return await inTransaction(dataSource, client, begin, work);
    } catch (error) {
      if (!wasForgotten(error, dataSource)) throw error;
      return inTransaction(dataSource, client, begin, work);
    }
  });
}

async function inTransaction<T>(
  dataSource: DataSource,
  client: PostgresClient,
  begin: string,
  work: (send: Send) => Promise<T>,
): Promise<T> {
  await client.query(begin);
  try {
    const result = await work((statement, parameters = []) => send(dataSource, client, statement, parameters));
    const { command } = await client.query('COMMIT');
    if (command !== 'COMMIT') throw new RolledBackError(`COMMIT was answered with ${command}`);
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined); // the connection is broken, and the transaction with it
    throw error;
  }
}
