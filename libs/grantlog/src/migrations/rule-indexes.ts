import type { QueryRunner } from 'typeorm';
import type { AdoptionProgress } from './adoption-progress';
import { codeOf } from './error-code';
import { createIndex, ruleIndexes } from './rule-table.sql';

const uniqueViolation = '23505';
const deadlock = '40P01';
/** How often an index is begun anew because a running app wrote the same rule twice meanwhile. */
const mostAttempts = 5;

/** Whether an index can be relied on; one that was being built when its session ended is there and not valid. */
async function stateOf(runner: QueryRunner, name: string): Promise<'absent' | 'invalid' | 'valid'> {
  const [index] = await runner.manager.query<{ valid: boolean }[]>(
    `SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass($1)`,
    [name],
  );
  if (!index) return 'absent';
  return index.valid ? 'valid' : 'invalid';
}

/** Makes the indexes of an empty table, in the transaction of the migration. */
export async function createIndexes(runner: QueryRunner): Promise<void> {
  for (const index of ruleIndexes) {
    if ((await stateOf(runner, index.name)) === 'absent') await runner.query(createIndex(index, ''));
  }
}

/**
 * Builds the indexes beside running changes: nobody waits for them. MUST run outside of a transaction.
 * @param tidy folds what a running app has written twice, which is asked for before a further attempt
 */
export async function buildIndexes(
  runner: QueryRunner,
  progress: AdoptionProgress,
  tidy: () => Promise<void>,
): Promise<void> {
  for (const index of ruleIndexes) {
    for (let attempt = 1; (await stateOf(runner, index.name)) !== 'valid'; attempt += 1) {
      await runner.query(`DROP INDEX CONCURRENTLY IF EXISTS ${index.name}`);
      progress.say(`building ${index.name}, beside running changes; it waits for transactions that began before`);
      try {
        await runner.query(createIndex(index, 'CONCURRENTLY'));
      } catch (error) {
        if (attempt === mostAttempts || !isAnybodyElses(error)) throw error;
        await tidy();
      }
    }
  }
}

function isAnybodyElses(error: unknown): boolean {
  return [uniqueViolation, deadlock].includes(codeOf(error) ?? '');
}

/** Takes the indexes away while changes go on. MUST run outside of a transaction. */
export async function dropIndexes(runner: QueryRunner): Promise<void> {
  for (const { name } of ruleIndexes) await runner.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
}
