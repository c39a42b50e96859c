import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { createDatabase, type TestDatabase } from './support/database';
import { fillTable, startLegacyApp } from './support/legacy-table';
import { until } from './support/until';

const rows = 25_000;
const copies = 6_000;

describe('an adoption that is killed with -9', () => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeEach(async () => {
    database = await createDatabase();
    await (await startLegacyApp(database.url)).close();
    dataSource = await new DataSource({ type: 'postgres', url: database.url }).initialize();
    await fillTable(dataSource, rows);
    await dataSource.query(
      `INSERT INTO casbin_rule (ptype, v0, v1, v2) SELECT ptype, v0, v1, v2 FROM casbin_rule WHERE id <= $1`,
      [copies],
    );
  });
  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  function migrate(): ChildProcess {
    const at = (file: string): string => join(__dirname, 'support', file);
    return spawn(process.execPath, ['-r', at('typescript.cjs'), at('adopting-process.ts'), database.url], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
  }

  const counters = (): Promise<{ folded: number; recorded: number } | undefined> =>
    dataSource
      .query<{ folded: number; recorded: number }[]>(`SELECT folded::int, recorded::int FROM audit_adoption`)
      .then(([counted]) => counted)
      .catch(() => undefined); // the table is not there yet

  const backends = async (): Promise<number> => {
    const [count] = await dataSource.query<{ n: number }[]>(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    return count?.n ?? 0;
  };

  const buildsIndex = async (): Promise<boolean> =>
    (await dataSource.query<unknown[]>(`SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('casbin_rule_unique')`))
      .length > 0;

  it.each([
    ['while it folds', async () => ((await counters())?.folded ?? 0) > 0],
    ['while it builds the unique rule', buildsIndex],
    ['while it records', async () => ((await counters())?.recorded ?? 0) > 0],
  ])(
    'goes on where it was, %s',
    async (_, isThere) => {
      const killed = migrate();
      await until(isThere, Boolean, 60_000);
      killed.kill('SIGKILL');
      await once(killed, 'exit');
      await until(backends, (n) => n === 0);
      expect((await counters())?.recorded).toBeLessThan(rows);

      const [code] = (await once(migrate(), 'exit')) as [number];
      expect(code).toBe(0);
      expect(await counters()).toEqual({ folded: copies, recorded: rows });
      const [log] = await dataSource.query<unknown[]>(
        `SELECT count(*)::int AS records, count(DISTINCT details)::int AS rules, max(seq)::int AS last,
         count(DISTINCT operation_id)::int AS operations FROM audit_record`,
      );
      expect(log).toEqual({ records: rows, rules: rows, last: rows, operations: 1 });
      const [table] = await dataSource.query<unknown[]>(
        `SELECT count(*)::int AS rows, (SELECT indisvalid FROM pg_index WHERE indexrelid = 'casbin_rule_unique'::regclass) AS unique
       FROM casbin_rule`,
      );
      expect(table).toEqual({ rows, unique: true });
    },
    120_000,
  );
});
