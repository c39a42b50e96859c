import type { QueryRunner } from 'typeorm';
import { codeOf } from './error-code';
import { laterColumns } from './rule-table.sql';

const lockNotAvailable = '55P03';
/** Milliseconds for which everybody else may have to wait behind a lock that we wait for, and between two attempts. */
const shortest = 200;
const pause = 1_000;
const mostLockAttempts = 60;

/** Says of a column that down may take it away again. */
const addedColumn = 'added by Grantlog';

const missingColumns = `
  SELECT name FROM unnest($1::text[]) AS name WHERE NOT EXISTS (
    SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('casbin_rule') AND attname = name AND NOT attisdropped)`;

/**
 * Adds the columns that older versions of typeorm-adapter did not have. That takes a lock that stops everybody for an instant, and
 * whoever comes while it is waited for, too: hence many short attempts instead of a long one.
 */
export async function addMissingColumns(runner: QueryRunner): Promise<void> {
  const missing = await runner.manager.query<{ name: string }[]>(missingColumns, [laterColumns]);
  for (const { name } of missing) {
    await patiently(
      runner,
      `ALTER TABLE casbin_rule ADD COLUMN ${name} varchar; COMMENT ON COLUMN casbin_rule.${name} IS '${addedColumn}'`,
    );
  }
}

/** Takes those columns away again in which nothing stands. */
export async function dropAddedColumns(runner: QueryRunner): Promise<void> {
  for (const name of laterColumns) {
    const [added] = await runner.manager.query<unknown[]>(
      `SELECT 1 FROM pg_attribute
       WHERE attrelid = to_regclass('casbin_rule') AND attname = $1 AND col_description(attrelid, attnum) = $2`,
      [name, addedColumn],
    );
    if (!added) continue;
    const [used] = await runner.manager.query<unknown[]>(`SELECT 1 FROM casbin_rule WHERE ${name} IS NOT NULL LIMIT 1`);
    if (!used) await patiently(runner, `ALTER TABLE casbin_rule DROP COLUMN ${name}`);
  }
}

/** In a transaction there is one attempt: an error would end it. */
async function patiently(runner: QueryRunner, statement: string): Promise<void> {
  if (runner.isTransactionActive) return void (await runner.query(statement));
  await runner.query(`SET lock_timeout = '${shortest}ms'`);
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return void (await runner.query(statement));
      } catch (error) {
        if (codeOf(error) !== lockNotAvailable || attempt === mostLockAttempts) throw error;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  } finally {
    await runner.query('SET lock_timeout = 0'); // as `alone` has it
  }
}
