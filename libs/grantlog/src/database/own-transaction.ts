import type { DataSource } from 'typeorm';
import { giveUp, onIdleConnection, type PostgresClient } from './idle-connection';
import { isLostConnection } from './lost-connection';
import { send, wasForgotten } from './prepared-statements';
import type { Statement } from './statement';

/** Runs statements inside a transaction. */
export type Send = <Row>(statement: Statement, parameters?: readonly unknown[]) => Promise<Row[]>;

/** PostgreSQL answered COMMIT with a rollback, because the error of a statement before it had been swallowed. */
class RolledBackError extends Error {}

/** What is done in a transaction. @param opened the rows that opening it has answered */
type Work<Opened, T> = (opened: readonly Opened[], send: Send) => Promise<T>;

/**
 * Runs `work` in a transaction of our own, and commits it if `work` succeeds. It may be run once more, if the connection
 * turns out not to keep prepared statements.
 * @param begin statements that open the transaction, sent in one round trip; the rows of the last one are given to `work`
 */
export function ownTransaction<Opened, T>(dataSource: DataSource, begin: string, work: Work<Opened, T>): Promise<T> {
  return onIdleConnection(dataSource, async (client) => {
    try {
      return await inTransaction(dataSource, client, begin, work);
    } catch (error) {
      if (!wasForgotten(error, dataSource)) throw error;
      return inTransaction(dataSource, client, begin, work);
    }
  });
}

/** The same on a connection that is at hand, and never twice. */
export async function inTransaction<Opened, T>(
  dataSource: DataSource,
  client: PostgresClient,
  begin: string,
  work: Work<Opened, T>,
): Promise<T> {
  let isLost = false;
  const answered = <A>(answer: Promise<A>): Promise<A> =>
    answer.catch((error: unknown) => {
      isLost ||= isLostConnection(error);
      throw error;
    });
  try {
    const opened = [await answered(client.query<Opened>(begin))].flat().at(-1);
    const result = await work(opened?.rows ?? [], (statement, parameters = []) =>
      answered(send(dataSource, client, statement, parameters)),
    );
    const { command } = (await answered(client.query('COMMIT'))) as { command: string };
    if (command !== 'COMMIT') throw new RolledBackError(`COMMIT was answered with ${command}`);
    return result;
  } catch (error) {
    // The transaction ends with its connection. One that does not answer would not answer a ROLLBACK either.
    if (isLost) await giveUp(client);
    else await client.query('ROLLBACK').catch(() => giveUp(client));
    throw error;
  }
}
