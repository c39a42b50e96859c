import { Logger } from '@nestjs/common';
import type { DataSource, QueryRunner } from 'typeorm';

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

const idle = 'I';
const log = new Logger('Grantlog');

/**
 * Runs `work` on a connection of the pool that is in no transaction. One that somebody gave back inside an open transaction
 * would let us see, and even commit, what its owner never committed; nobody can end that transaction any more, so it is
 * rolled back first.
 */
export async function onIdleConnection<T>(
  dataSource: DataSource,
  work: (client: PostgresClient, runner: QueryRunner) => Promise<T>,
): Promise<T> {
  const runner = dataSource.createQueryRunner();
  try {
    const client = (await runner.connect()) as PostgresClient;
    if ((client.getTransactionStatus?.() ?? idle) !== idle) {
      log.warn(
        'A connection came back to the pool inside an open transaction; it was rolled back. Look for a missing commit.',
      );
      await client.query('ROLLBACK');
    }
    return await work(client, runner);
  } finally {
    await runner.release();
  }
}
