import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { GrantlogError } from '../contract/grantlog.error';

/** The part of node-postgres's client that is used here. */
interface PostgresClient {
  query<Row>(text: string, values?: unknown[]): Promise<{ rows: Row[] }>;
  getTransactionStatus?(): string | null;
}

const idle = 'I';
const log = new Logger('Grantlog');

/** The connection broke before the answer came: the change may have been committed or not. Look before you try again. */
export class OutcomeUnknownError extends GrantlogError {
  constructor(cause: unknown) {
    super(
      'OUTCOME_UNKNOWN',
      'The connection to the database was lost before it answered; the change may or may not have been made. ' +
        'Repeating the call is safe: what is already done changes nothing and is not recorded twice.',
      { cause },
    );
  }
}

/**
 * Runs one statement that commits by itself. A connection that somebody gave back to the pool inside an open transaction
 * would turn that promise into a lie, so such a transaction, which nobody can end any more, is rolled back first.
 *
 * @throws OutcomeUnknownError if the connection is lost while the statement runs
 */
export async function autocommit<Row>(dataSource: DataSource, sql: string, parameters: unknown[]): Promise<Row[]> {
  const runner = dataSource.createQueryRunner();
  try {
    const client = (await runner.connect()) as PostgresClient;
    if ((client.getTransactionStatus?.() ?? idle) !== idle) {
      log.warn(
        'A connection came back to the pool inside an open transaction; it was rolled back. Look for a missing commit.',
      );
      await client.query('ROLLBACK');
    }
    dataSource.logger.logQuery(sql, parameters, runner);
    const { rows } = await client.query<Row>(sql, parameters).catch(explained);
    return rows;
  } finally {
    await runner.release();
  }
}

/** Errors of PostgreSQL carry a SQLSTATE; class 57P is the server going down, anything without one is a lost connection. */
function explained(error: unknown): never {
  const sqlState = (error as { code?: unknown }).code;
  const answered = typeof sqlState === 'string' && /^[0-9A-Z]{5}$/.test(sqlState) && !sqlState.startsWith('57P');
  throw answered ? error : new OutcomeUnknownError(error);
}
