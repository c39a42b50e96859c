import type { DataSource } from 'typeorm';
import { autocommit } from './autocommit';
import { OutcomeUnknownError } from './lost-connection';

/** Runs one statement that may be repeated: a read, or a change that says the same the second time. Errors are the driver's. */
export async function query<Row>(
  dataSource: DataSource,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<Row[]> {
  try {
    return await autocommit<Row>(dataSource, { text: sql }, parameters);
  } catch (error) {
    throw error instanceof OutcomeUnknownError ? error.cause : error;
  }
}
