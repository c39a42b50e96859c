import { reconcile } from 'grantlog';
import type { DataSource } from 'typeorm';
import { startApp, type TestApp, type TestAppOptions } from './support/app';
import { BusyWriter, randomFrom } from './support/busy-writer';
import { connect, createDatabase, type TestDatabase } from './support/database';
import { reader } from './support/facts';
import { KillableApp } from './support/killable-app';
import { Stranger } from './support/stranger';
import { TransactionPooler } from './support/transaction-pooler';

describe('reconciling beside what writes finds nothing that is not so', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  /** What has to be ended, whatever becomes of the test; the last one first. */
  let endings: (() => Promise<unknown>)[];

  beforeEach(async () => {
    database = await createDatabase();
    dataSource = await connect(database.url, 2);
    endings = [];
  });
  afterEach(async () => {
    for (const end of endings.reverse()) await end();
    await dataSource.destroy();
    await database.drop();
  });

  async function start(options: Partial<TestAppOptions> = {}): Promise<TestApp> {
    const app = await startApp({ url: database.url, ...options });
    endings.push(() => app.close());
    return app;
  }

  /** Reconciles again and again. @returns how often, and how many events had been recorded and had not meanwhile */
  async function reconcileWhile(isBusy: () => boolean): Promise<{ rounds: number; waiting: number }> {
    let rounds = 0;
    let waiting = 0;
    while (isBusy()) {
      expect(await reconcile(dataSource)).toMatchObject({ differs: false, findings: [], problems: [] });
      const [outbox] = await dataSource.query<{ n: number }[]>('SELECT count(*)::int AS n FROM audit_outbox');
      waiting += outbox?.n ?? 0;
      rounds += 1;
    }
    return { rounds, waiting };
  }

  async function beside(app: TestApp, work: Promise<unknown>): Promise<{ rounds: number; waiting: number }> {
    let busy = true;
    const ended = work.finally(() => (busy = false));
    const [done] = await Promise.allSettled([reconcileWhile(() => busy), ended]);
    if (done.status === 'rejected') throw done.reason;
    await ended;
    await app.relay.drained();
    expect((await reconcile(dataSource)).differs).toBe(false);
    return done.value;
  }

  it('long transactions, savepoints and rollbacks of two nodes, while events move to the log', async () => {
    const [app, two] = await Promise.all([start(), start()]);
    const random = randomFrom(5);
    const write = async (node: TestApp, name: string): Promise<void> => {
      const writer = new BusyWriter(node, name, random);
      for (let n = 0; n < 6; n += 1) await writer.transaction();
    };
    const writers = [write(app, 'a'), write(app, 'b'), write(two, 'c'), write(two, 'd')];
    const { rounds } = await beside(app, Promise.all(writers));
    expect(rounds).toBeGreaterThan(3);
  }, 60_000);

  it('calls that come together and change their mind', async () => {
    const app = await start();
    const write = async (name: string): Promise<void> => {
      for (let n = 0; n < 150; n += 1) {
        await app.assignments.assign(reader(name));
        await app.assignments.remove(reader(name));
      }
    };
    const { rounds } = await beside(app, Promise.all(['a', 'a', 'b', 'c'].map(write)));
    expect(rounds).toBeGreaterThan(3);
  }, 60_000);

  it('an app whose events cannot be recorded', async () => {
    const app = await start();
    const stranger = await Stranger.connect(database.url);
    endings.push(() => stranger.end());
    await stranger.stopRecording();
    const write = async (): Promise<void> => {
      for (let n = 0; n < 200; n += 1) await app.assignments.assign(reader(n));
      await stranger.release();
    };
    const { waiting } = await beside(app, write());
    expect(waiting).toBeGreaterThan(0);
  }, 60_000);

  it.each(['forEver', 'everyKind'] as const)('an app that is killed with -9 (%s)', async (scenario) => {
    const victim = new KillableApp(database.url, scenario);
    let isAlive = true;
    endings.push(async () => isAlive && (await victim.kill()));
    for (let n = 0; n < (scenario === 'forEver' ? 50 : 1); n += 1) await victim.line();
    expect((await reconcile(dataSource)).findings).toEqual([]);
    let busy = true;
    isAlive = false;
    const killed = victim.kill().finally(() => (busy = false));
    await reconcileWhile(() => busy);
    await killed;
    expect((await reconcile(dataSource)).findings).toEqual([]);
    const report = await reconcile(dataSource, { record: true });
    expect(report).toMatchObject({ differs: false, recorded: 0 });
    expect(report.rules).toBeGreaterThan(3);
    expect(await dataSource.query('SELECT * FROM audit_outbox')).toEqual([]);
    expect((await reconcile(dataSource)).differs).toBe(false);
  });

  it('calls that share two connections of a pooler with it', async () => {
    const pooler = await TransactionPooler.start(database.url, 2);
    endings.push(() => pooler.end());
    await start();
    const pooled = await connect(pooler.url, 2);
    endings.push(() => pooled.destroy());
    await pooled.query(`INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'user^eve', 'role^reader', '*')`);
    const write = async (name: string): Promise<void> => {
      for (let n = 0; n < 20; n += 1) await pooled.query('SELECT $1', [`${name}-${n}`]);
    };
    const looks = [1, 2, 3].map(() => reconcile(pooled));
    const [reports] = await Promise.all([Promise.all(looks), write('a'), write('b')]);
    for (const { findings } of reports) expect(findings).toMatchObject([{ kind: 'inserted' }]);
    const sessions = await pooled.query<unknown[]>(
      `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
       UNION ALL SELECT 1 FROM pg_cursors WHERE name LIKE 'grantlog%'`,
    );
    expect(sessions).toEqual([]);
  });

  it('holds no writer: nobody waits for it while it is open', async () => {
    await start();
    await dataSource.query(`INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'user^eve', 'role^reader', '*')`);
    const limited = await start({ dataSource: { extra: { options: '-c lock_timeout=1s -c statement_timeout=5s' } } });
    const report = await reconcile(dataSource, {
      found: async () => {
        await limited.assignments.assign([reader('ann'), reader('bob')]);
        await limited.assignments.remove([reader('ann'), reader('eve')]);
        await limited.relay.drained();
      },
    });
    expect(report.totals.inserted).toBe(1);
    expect((await reconcile(dataSource)).differs).toBe(false);
  });
});
