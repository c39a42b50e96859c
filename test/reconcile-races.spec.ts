import { reconcile, type ReconcileReport, type RuleFinding } from 'grantlog';
import { startApp, type TestApp } from './support/app';
import { connect, createDatabase, type TestDatabase } from './support/database';
import { atRest, letReadersRead, mayRead, operationsOf, reader, rulesIn } from './support/facts';
import { contend } from './support/contending-writers';
import { Stranger } from './support/stranger';
import { until } from './support/until';
import type { DataSource, QueryRunner } from 'typeorm';

describe('recording what was done past Grantlog, while', () => {
  let database: TestDatabase;
  let app: TestApp;
  let two: TestApp;
  let cli: DataSource;
  let stranger: Stranger;
  let progress: string[];

  beforeEach(async () => {
    database = await createDatabase();
    app = await startApp({ url: database.url });
    two = await startApp({ url: database.url });
    cli = await connect(database.url, 2);
    stranger = await Stranger.connect(database.url);
    progress = [];
    await letReadersRead(app);
    await app.assignments.assign(reader('ann'));
    await stranger.query(`INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'user^eve', 'role^reader', '*')`);
    await stranger.query(`DELETE FROM casbin_rule WHERE v0 = 'user^ann'`);
  });
  afterEach(async () => {
    await stranger.end();
    await cli.destroy();
    await Promise.all([app.close(), two.close()]);
    await database.drop();
  });

  const record = (): Promise<ReconcileReport> =>
    reconcile(cli, { record: true, progress: (line) => void progress.push(line) });
  const waits = (): Promise<unknown> =>
    until(
      () => progress,
      (lines) => lines.includes('waiting for 1 rule that open transactions have locked'),
    );

  /** Records of reconciliations that say what the one before had said already. */
  const repeated = (): Promise<unknown[]> =>
    stranger.query(`
      SELECT seq, details FROM (
        SELECT *, lag(operation) OVER (PARTITION BY details ORDER BY seq) AS previous FROM audit_record) AS record
      WHERE actor = 'system^reconcile' AND operation = coalesce(previous, 'deleted')`);

  /** A caller's transaction that stays open. */
  async function open(work: (runner: QueryRunner) => Promise<unknown>): Promise<QueryRunner> {
    const runner = app.dataSource.createQueryRunner();
    await runner.startTransaction();
    await work(runner);
    return runner;
  }

  async function expectTold(name: string, operations: readonly string[]): Promise<void> {
    expect(await operationsOf(app, name)).toEqual(operations);
    await atRest(app, two);
    for (const node of [app, two]) expect(await mayRead(node, name)).toBe(operations.at(-1) === 'created');
    expect((await reconcile(cli)).findings).toEqual([]);
  }

  describe.each(['commitTransaction', 'rollbackTransaction'] as const)('a transaction ends by %s that', (end) => {
    const commits = end === 'commitTransaction';

    it('removes a rule that was inserted', async () => {
      const runner = await open(({ manager }) => app.assignments.remove(reader('eve'), { manager }));
      const recorded = record();
      await waits();
      await runner[end]();
      await runner.release();
      expect(await recorded).toMatchObject({ recorded: commits ? 1 : 2, locked: 0 });
      await expectTold('eve', commits ? ['deleted'] : ['created']);
    });

    it('assigns a rule again that was deleted', async () => {
      const runner = await open(({ manager }) => app.assignments.assign(reader('ann'), { manager }));
      const recorded = record();
      await waits();
      await runner[end]();
      await runner.release();
      expect(await recorded).toMatchObject({ recorded: commits ? 1 : 2, locked: 0 });
      await expectTold('ann', commits ? ['created', 'created'] : ['created', 'deleted']);
    });
  });

  describe('it is under way itself,', () => {
    /** Until release(), whoever writes an event of system^reconcile stays where it is, without asking for a lock: it would give up. */
    beforeEach(async () => {
      await stranger.query(`
        CREATE FUNCTION stay_here() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN
            WHILE NOT pg_try_advisory_xact_lock(1) LOOP PERFORM pg_sleep(0.01); END LOOP;
            RETURN NEW;
          END $$;
        CREATE TRIGGER stay_here BEFORE INSERT ON audit_outbox FOR EACH ROW WHEN (NEW.actor = 'system^reconcile')
          EXECUTE FUNCTION stay_here()`);
    });
    const isThere = (): Promise<unknown> =>
      until(
        () =>
          cli.query<unknown[]>(
            `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`,
          ),
        (found) => found.length > 0,
      );

    it('somebody removes a rule that was inserted: his event comes behind', async () => {
      await stranger.hold('SELECT pg_advisory_xact_lock(1)');
      const recorded = record();
      await isThere();
      const removed = app.assignments.remove(reader('eve'));
      await stranger.waitForBlocked('%DELETE FROM%casbin_rule%');
      await stranger.release();
      expect((await removed).changed).toBe(true);
      await recorded;
      await expectTold('eve', ['created', 'deleted']);
    });

    it('somebody assigns a rule again that was deleted: his event comes behind', async () => {
      await stranger.query(`DELETE FROM casbin_rule WHERE v0 = 'user^eve'`);
      await stranger.hold('SELECT pg_advisory_xact_lock(1)');
      const recorded = record();
      await isThere();
      const assigned = app.assignments.assign(reader('ann'));
      await stranger.waitForBlocked('%INSERT INTO casbin_rule%');
      await stranger.release();
      expect((await assigned).changed).toBe(true);
      await recorded;
      await expectTold('ann', ['created', 'deleted', 'created']);
    });
  });

  it.each(['waits in the outbox', 'is recorded'])(
    'it has looked and not yet written: what is told meanwhile and %s counts',
    async (how) => {
      let told = 0;
      const found = async ({ kind }: RuleFinding): Promise<void> => {
        told += 1;
        if (kind === 'deleted') {
          await app.assignments.assign(reader('ann'));
          await app.assignments.remove(reader('ann'));
        } else {
          await app.dataSource.query(
            `INSERT INTO audit_outbox (type, operation, outcome, subject, role, scope, operation_id, details)
           VALUES ('role_assignment.created', 'created', 'success', 'user^eve', 'role^reader', '*', gen_random_uuid(),
             '{"ptype": "g", "rule": ["user^eve", "role^reader", "*"]}')`,
          );
        }
        if (how === 'is recorded') await app.relay.drained();
      };
      const onward = (line: string): void => {
        if (line === 'recording') void stranger.release();
      };
      await app.relay.drained();
      if (how === 'waits in the outbox') await stranger.stopRecording();
      expect(await reconcile(cli, { record: true, found, progress: onward })).toMatchObject({ recorded: 0, locked: 0 });
      expect(told).toBe(2);
      await expectTold('eve', ['created']);
      await expectTold('ann', ['created', 'created', 'deleted']);
    },
  );

  it('another one does so: each rule is recorded once', async () => {
    const reports = await Promise.all([record(), reconcile(app.dataSource, { record: true }), record()]);
    expect(reports.reduce((sum, { recorded }) => sum + recorded, 0)).toBe(2);
    await expectTold('eve', ['created']);
    await expectTold('ann', ['created', 'deleted']);
  });

  it('many writers change the same few rules, and somebody goes on changing them past Grantlog', async () => {
    let busy = true;
    const sabotage = async (): Promise<void> => {
      for (let n = 0; busy; n += 1) {
        const subject = `user^contended-${n % 5}`;
        if (n % 3 === 0) await stranger.query('DELETE FROM casbin_rule WHERE v0 = $1', [subject]);
        else
          await stranger.query(
            `INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', $1, 'role^reader', '*') ON CONFLICT DO NOTHING`,
            [subject],
          );
      }
    };
    const reconciled = async (dataSource: DataSource): Promise<number> => {
      let recorded = 0;
      while (busy) recorded += (await reconcile(dataSource, { record: true })).recorded;
      return recorded;
    };
    const writers = contend(app, 7, 60, () => undefined).finally(() => (busy = false));
    const [, , ...counts] = await Promise.all([writers, sabotage(), reconciled(cli), reconciled(two.dataSource)]);
    const last = await record();
    const records = (await app.records()).filter(({ actor }) => actor === 'system^reconcile');
    expect(records).toHaveLength(counts.reduce((sum, count) => sum + count, last.recorded));
    expect(counts.some((count) => count > 0)).toBe(true);
    expect(await repeated()).toEqual([]);
    expect((await reconcile(cli)).findings).toEqual([]);
    await atRest(app, two);
    const table = (await rulesIn(cli)).filter(([ptype]) => ptype === 'g').map((rule) => rule.join());
    for (const node of [app, two]) {
      const memory = (await node.enforcer.getGroupingPolicy()).map((rule) => ['g', ...rule].join());
      expect(memory.sort()).toEqual(table.sort());
    }
  }, 120_000);
});
