import { Client } from 'pg';
import { untilSo } from './until';

/** A connection that belongs to nobody in the app: it holds locks, breaks tables and looks from outside. */
export class Stranger {
  private constructor(
    readonly client: Client,
    /** The backend that serves this connection. */
    readonly pid: number,
  ) {}

  static async connect(url: string): Promise<Stranger> {
    const client = new Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    return new Stranger(client, rows[0]?.pid ?? NaN);
  }

  async query<Row>(sql: string, values?: unknown[]): Promise<Row[]> {
    return (await this.client.query(sql, values)).rows as Row[];
  }

  /** Opens a transaction and runs `sql` in it; what it locks stays locked until `release()`. */
  async hold(sql: string): Promise<void> {
    await this.client.query('BEGIN');
    await this.client.query(sql);
  }

  /** Nobody can append to the log until `release()`. */
  stopRecording(): Promise<void> {
    return this.hold('SELECT * FROM audit_head FOR UPDATE');
  }

  async release(): Promise<void> {
    await this.client.query('ROLLBACK');
  }

  /** Resolves when `count` other connections of this database wait for a lock while running a statement like `sql`. */
  async waitForBlocked(sql: string, count = 1): Promise<number[]> {
    let pids: number[] = [];
    await untilSo(async () => {
      await this.query('SELECT pg_stat_clear_snapshot()'); // a transaction would show the same activity for ever
      const rows = await this.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE $1`,
        [sql],
      );
      pids = rows.map(({ pid }) => pid);
      return pids.length >= count;
    });
    return pids;
  }

  /** Resolves when no other client is connected to this database. */
  async waitUntilAlone(): Promise<void> {
    await untilSo(async () => {
      const rows = await this.query(
        `SELECT pid FROM pg_stat_activity
         WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
      );
      return rows.length === 0;
    });
  }

  end(): Promise<void> {
    return this.client.end();
  }
}
