import { Logger } from '@nestjs/common';
import type { DataSource, QueryRunner } from 'typeorm';
import { GrantlogError } from '../contract/grantlog.error';
import { sqlStateOf } from './lost-connection';

/** What a statement answers. */
interface Answer<Row> {
  readonly rows: Row[];
  readonly command: string;
}

/** The part of node-postgres's client that is used here. */
export interface PostgresClient {
  query<Row>(statement: { text: string; name?: string; rowMode?: 'array'; values: unknown[] }): Promise<Answer<Row>>;
  /** One statement, or several, which answer one by one. */
  query<Row>(statements: string): Promise<Answer<Row> | Answer<Row>[]>;
  getTransactionStatus?(): string | null;
  end(): Promise<void>;
}

/** No connection could be had, so nothing was sent and nothing was changed. `cause` is the driver's error. */
export class NotConnectedError extends GrantlogError {
  constructor(cause: unknown) {
    super(
      'NOT_CONNECTED',
      `There was no connection to the database to be had (${reasonOf(cause)}); nothing was changed, and the call may be ` +
        'repeated. If the server is well, transactions hold every connection of the pool for longer than it waits: end ' +
        'them sooner, make fewer at once, or enlarge poolSize.',
      { cause },
    );
  }
}

/** The database takes no changes: it is a replica, or set read-only. Nothing was changed. `cause` is the driver's error. */
export class ReadOnlyError extends GrantlogError {
  constructor(cause: unknown) {
    super(
      'READ_ONLY',
      `The database takes no changes at present (${reasonOf(cause)}); nothing was changed. The connection was given up, so ` +
        'that the next call makes a new one; repeat the call when the database can be written.',
      { cause },
    );
  }
}

const idle = 'I';
const readOnly = '25006';
const log = new Logger('Grantlog');

/**
 * Runs `work` on a connection of the pool that is in no transaction. One that turns out to be read-only is not given back: after
 * a failover it would go on leading to the server that was the primary, while a new one leads to the one that is.
 * @throws NotConnectedError if there is none
 * @throws ReadOnlyError if the database refuses changes
 */
export async function onIdleConnection<T>(
  dataSource: DataSource,
  work: (client: PostgresClient, runner: QueryRunner) => Promise<T>,
): Promise<T> {
  const runner = dataSource.createQueryRunner();
  try {
    const client = await idleClientOf(runner);
    try {
      return await work(client, runner);
    } catch (error) {
      if (sqlStateOf(error) !== readOnly) throw error;
      await giveUp(client);
      throw new ReadOnlyError(error);
    }
  } finally {
    await runner.release();
  }
}

/** Ends a connection that is of no use any more, so that the pool does not give it to the next one. */
export async function giveUp(client: PostgresClient): Promise<void> {
  await client.end().catch(() => undefined); // it may be broken already
}

/**
 * One that somebody gave back inside an open transaction would let us see, and even commit, what its owner never committed;
 * nobody can end that transaction any more, so it is rolled back first.
 */
async function idleClientOf(runner: QueryRunner): Promise<PostgresClient> {
  let client: PostgresClient | undefined;
  try {
    client = (await runner.connect()) as PostgresClient;
    if ((client.getTransactionStatus?.() ?? idle) === idle) return client;
    log.warn(
      'A connection came back to the pool inside an open transaction; it was rolled back. Look for a missing commit.',
    );
    await client.query('ROLLBACK');
    return client;
  } catch (error) {
    if (client) await giveUp(client);
    throw new NotConnectedError(error);
  }
}

/** Of a host with several addresses, none of which answers, Node's error has a code and no message. */
function reasonOf(error: unknown): string {
  const { message, code } = error as { message?: unknown; code?: unknown };
  return [message, code].find((said) => typeof said === 'string' && said !== '')?.toString() ?? String(error);
}
