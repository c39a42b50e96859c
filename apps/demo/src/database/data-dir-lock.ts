import { Client } from 'pg';
import { StartError } from '../start-error';

const lockKey = 7_264_686;
const patience = 5_000;

/**
 * Makes sure that one app at a time uses the embedded database, for the one that stops would stop it for the other. The
 * lock ends with the process, however that ends; after a kill the server needs a moment to notice.
 */
export class DataDirLock {
  private constructor(private readonly client: Client) {}

  static async take(url: string, dataDir: string): Promise<DataDirLock> {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined); // the app's own connections report a lost server
    await client.connect();
    for (const until = Date.now() + patience; !(await tryLock(client));) {
      if (Date.now() < until) continue;
      await client.end();
      throw new StartError(
        `DATA_DIR ${dataDir} is in use by another running demo; stop it, set DATA_DIR to another folder, or share a server by DATABASE_URL.`,
      );
    }
    return new DataDirLock(client);
  }

  async release(): Promise<void> {
    await this.client.end().catch(() => undefined); // the server it was held in has ended, and the lock with it
  }
}

/** Waits a little inside the database, so that trying again costs nothing. */
async function tryLock(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(
    `SELECT pg_try_advisory_lock($1) AS locked, pg_sleep(0.05)`,
    [lockKey],
  );
  return rows[0]?.locked === true;
}
