import type { DataSource, QueryRunner } from 'typeorm';
import { lockHead } from './adoption.sql';
import { unhurried } from './alone';
import {
  createIntervalFunction,
  createIntervalIndexes,
  createIntervalTable,
  createIntervalTrigger,
  enableIntervalTrigger,
  fillIntervals,
  mendBlocks,
  mendIntervals,
  missingGrants,
} from './interval-tables.sql';

/** What was wrong with the intervals and is right now. */
export interface IntervalsReport {
  /** Intervals that differed from the log, were missing or were too many; `null` if there was no table of them. */
  readonly mended: number | null;
}

interface Catalog {
  readonly schema: string;
  readonly table: boolean;
  readonly trigger: boolean;
}

/**
 * Makes the intervals what the log tells, and makes what is missing of them. It is one transaction: killed at any point it has changed
 * nothing. It holds the head of the log, so nothing is recorded meanwhile; changes wait in the outbox, and readers are never kept out.
 * MUST be called by the owner of the tables.
 */
export async function rebuildIntervals(dataSource: DataSource): Promise<IntervalsReport> {
  const runner = dataSource.createQueryRunner();
  try {
    return await unhurried(runner, () => inTransaction(runner, () => rebuild(runner)));
  } finally {
    await runner.release();
  }
}

async function rebuild(runner: QueryRunner): Promise<IntervalsReport> {
  await runner.query(lockHead);
  const made = await makeIntervals(runner);
  if (made) return { mended: null };
  const [intervals, blocks] = [await mend(runner, mendIntervals), await mend(runner, mendBlocks)];
  return { mended: intervals + blocks };
}

async function mend(runner: QueryRunner, statement: string): Promise<number> {
  const [answer] = await runner.manager.query<{ mended: number }[]>(statement);
  return answer?.mended ?? 0;
}

/** MUST run in a transaction that holds the head. @returns whether there was no table */
export async function makeIntervals(runner: QueryRunner): Promise<boolean> {
  const [there] = await runner.manager.query<Catalog[]>(
    `SELECT quote_ident(current_schema()) AS schema,
       to_regclass('audit_interval') IS NOT NULL AND to_regclass('audit_interval_block') IS NOT NULL AS table,
       EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass('audit_record') AND tgname = 'audit_record_intervals') AS trigger`,
  );
  if (!there) return false;
  const { schema, table, trigger } = there;
  if (!table) {
    await runner.query('DROP TABLE IF EXISTS audit_interval, audit_interval_block');
    await runner.query(createIntervalTable);
    await runner.query(fillIntervals);
    await runner.query(createIntervalIndexes);
  }
  await runner.query(createIntervalFunction(schema));
  if (!trigger) await runner.query(createIntervalTrigger);
  await runner.query(enableIntervalTrigger);
  const grants = await runner.manager.query<{ statement: string }[]>(missingGrants);
  for (const { statement } of grants) await runner.query(statement);
  return !table;
}

/** In the transaction that the runner has, or else in one of its own. */
export async function inTransaction<T>(runner: QueryRunner, work: () => Promise<T>): Promise<T> {
  if (runner.isTransactionActive) return work();
  await runner.startTransaction('READ COMMITTED');
  try {
    const result = await work();
    await runner.commitTransaction();
    return result;
  } catch (error) {
    await runner.rollbackTransaction().catch(() => undefined); // what went wrong first says more
    throw error;
  }
}
