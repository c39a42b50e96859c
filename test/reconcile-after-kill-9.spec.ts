import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { reconcile } from 'grantlog';
import type { DataSource } from 'typeorm';
import { connect, createDatabase, type TestDatabase } from './support/database';
import { fillTable } from './support/legacy-table';
import { Stranger } from './support/stranger';
import { until } from './support/until';

const rows = 12_000;

describe('a reconciliation that is killed with -9 while it records', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let stranger: Stranger;

  beforeEach(async () => {
    database = await createDatabase();
    dataSource = await connect(database.url, 2);
    stranger = await Stranger.connect(database.url);
    await fillTable(dataSource, rows);
  });
  afterEach(async () => {
    await stranger.end();
    await dataSource.destroy();
    await database.drop();
  });

  function record(): ChildProcess {
    const at = (file: string): string => join(__dirname, 'support', file);
    return spawn(process.execPath, ['-r', at('typescript.cjs'), at('reconciling-process.ts'), database.url], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
  }

  const written = async (): Promise<{ events: number; rules: number; operations: number }> => {
    const [log] = await dataSource.query<{ events: number; rules: number; operations: number }[]>(
      `SELECT count(*)::int AS events, count(DISTINCT details)::int AS rules, count(DISTINCT operation_id)::int AS operations
       FROM (SELECT details, operation_id FROM audit_record WHERE operation = $1
         UNION ALL SELECT details, operation_id FROM audit_outbox WHERE operation = $1) AS event`,
      [operation],
    );
    return log ?? { events: 0, rules: 0, operations: 0 };
  };
  let operation = 'created';
  const count = async (): Promise<number> => (await dataSource.query<unknown[]>('SELECT id FROM casbin_rule')).length;

  /** Kills it when it has written some, and is in the middle of a later batch. */
  async function killInTheMiddle(): Promise<void> {
    const reached = rows / 2;
    await stranger.query(`
      CREATE OR REPLACE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF nextval('events_written') > ${reached} THEN PERFORM pg_sleep(600); END IF;
          RETURN NEW;
        END $$`);
    await stranger.query('CREATE SEQUENCE events_written');
    await stranger.query(
      'CREATE TRIGGER wait_here BEFORE INSERT ON audit_outbox FOR EACH ROW EXECUTE FUNCTION wait_here()',
    );
    const killed = record();
    const [pid] = await until(
      () =>
        stranger.query<{ pid: number }>(
          `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`,
        ),
      (found) => found.length > 0,
    );
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    await stranger.query('SELECT pg_terminate_backend($1)', [pid?.pid]); // the server would notice only after the sleep
    await until(
      () => stranger.query('SELECT 1 FROM pg_stat_activity WHERE pid = $1', [pid?.pid]),
      (found) => found.length === 0,
    );
    await stranger.query('DROP TRIGGER wait_here ON audit_outbox');
    await stranger.query('DROP SEQUENCE events_written');
  }

  async function goOn(): Promise<void> {
    const { events } = await written();
    expect(events).toBeGreaterThan(0);
    expect(events).toBeLessThan(rows);
    const [code] = (await once(record(), 'exit')) as [number];
    expect(code).toBe(0);
    expect(await written()).toEqual({ events: rows, rules: rows, operations: 2 });
    expect(await dataSource.query('SELECT * FROM audit_outbox')).toEqual([]);
    expect((await reconcile(dataSource)).differs).toBe(false);
  }

  it('has written whole batches, and goes on where it was: each rule that was inserted is recorded once', async () => {
    await killInTheMiddle();
    await goOn();
    expect(await count()).toBe(rows);
  }, 120_000);

  it('puts back none of the rules that were deleted, and each is recorded once', async () => {
    await reconcile(dataSource, { record: true, limit: 0 });
    await dataSource.query('DELETE FROM casbin_rule');
    operation = 'deleted';
    await killInTheMiddle();
    expect(await count()).toBe(0);
    await goOn();
    expect(await count()).toBe(0);
  }, 120_000);
});
