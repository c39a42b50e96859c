import type { QueryRunner } from 'typeorm';

/** Milliseconds after which it is asked again whether another session has ended its adoption. */
const pause = 500;
const lock = `hashtextextended('grantlog adopts ' || to_regclass('casbin_rule')::oid, 0)`;

/** Limits that a host sets for its requests, and what a step may have set. */
const settings = `
  FROM pg_settings WHERE name IN (
    'statement_timeout', 'lock_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout')`;

/** Does the work without the limits that the connection has for its statements, their locks and transactions. */
export async function unhurried<T>(runner: QueryRunner, work: () => Promise<T>): Promise<T> {
  await runner.query(`SELECT set_config(name, '0', false) ${settings}`);
  try {
    const result = await work();
    await hurryAgain(runner);
    return result;
  } catch (error) {
    await hurryAgain(runner).catch(() => undefined); // what went wrong first says more
    throw error;
  }
}

async function hurryAgain(runner: QueryRunner): Promise<void> {
  await runner.query(`SELECT set_config(name, reset_val, false) ${settings}`);
}

/**
 * Does the work after any other session that is doing it, however long it takes. The session holds the lock that does the work, so that
 * both end together. The lock is asked for again and again: a statement that waited for it would be waited for by the index
 * that the other session is building. MUST be called outside of a transaction, on a connection of PostgreSQL's own, not a pooler's.
 */
export async function alone<T>(runner: QueryRunner, work: () => Promise<T>): Promise<T> {
  return unhurried(runner, async () => {
    while (!(await isTaken(runner))) await new Promise((resolve) => setTimeout(resolve, pause));
    try {
      const result = await work();
      await leave(runner);
      return result;
    } catch (error) {
      await leave(runner).catch(() => undefined); // as above
      throw error;
    }
  });
}

async function isTaken(runner: QueryRunner): Promise<boolean> {
  const [answer] = await runner.manager.query<{ taken: boolean }[]>(`SELECT pg_try_advisory_lock(${lock}) AS taken`);
  return answer?.taken === true;
}

/** The connection goes back to the host's pool. */
async function leave(runner: QueryRunner): Promise<void> {
  await runner.query('CLOSE ALL');
  await runner.query('RESET enable_nestloop');
  await runner.query(`SELECT pg_advisory_unlock(${lock})`);
}
