import { grantlogMigrations } from 'grantlog';
import { DataSource } from 'typeorm';
import { rebuildIntervals } from '../libs/grantlog/src/migrations/rebuilding';
import { startApp, type TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { reader } from './support/facts';
import { live } from './support/lives';
import { foldOf, intervalsIn, wrongBlocks } from './support/log-fold';
import { Stranger } from './support/stranger';

const quiet = { listeners: false } as const;
const mixed = (count: number): string =>
  `SELECT n, n AS "from", CASE n % 3 WHEN 0 THEN n + 0.5 WHEN 1 THEN n + ${0.3 * count} + 0.5 END AS "to" FROM generate_series(1, ${count}) AS n`;
const tables = ['audit_interval', 'audit_interval_block'];

describe('intervals are derived from the log anew', () => {
  let cluster: Cluster;
  let app: TestApp;
  let stranger: Stranger;
  beforeEach(async () => {
    cluster = await Cluster.create();
    app = await cluster.start({ grantlog: quiet });
    stranger = await Stranger.connect(cluster.database.url);
  });
  afterEach(async () => {
    await stranger.end();
    await cluster.end();
  });

  async function expectFold(): Promise<void> {
    const fold = foldOf(await app.records());
    expect(await intervalsIn(app.dataSource)).toEqual(fold);
    expect(await wrongBlocks(app.dataSource)).toEqual([]);
  }

  const contents = (): Promise<unknown[]> =>
    Promise.all([
      stranger.query('SELECT * FROM audit_interval ORDER BY from_seq'),
      stranger.query('SELECT * FROM audit_interval_block ORDER BY led_by, key, block'),
    ]);

  it.each(['each', 'none'] as const)(
    'by the migration, down and up again over 50,000 records (migrationsTransactionMode %s)',
    async (transaction) => {
      await live(app.dataSource, mixed(30_000));
      const [{ count = 0 } = {}] = await stranger.query<{ count: number }>('SELECT count(*)::int FROM audit_record');
      expect(count).toBe(50_000);
      const before = await contents();
      const migrating = await new DataSource({
        type: 'postgres',
        url: cluster.database.url,
        migrations: grantlogMigrations,
      }).initialize();
      try {
        const [{ last = '' } = {}] = await stranger.query<{ last: string }>(
          'SELECT name AS last FROM migrations ORDER BY id DESC LIMIT 1',
        );
        while (
          await stranger
            .query(`SELECT to_regclass('audit_interval') AS there`)
            .then(([row]) => (row as { there: unknown }).there)
        ) {
          await migrating.undoLastMigration({ transaction });
        }
        expect(await stranger.query(`SELECT FROM pg_proc WHERE proname = 'audit_interval_follow'`)).toEqual([]);
        await app.assignments.assign(reader('in between')); // recorded, and nobody derives anything
        await app.relay.drained();
        await migrating.runMigrations({ transaction });
        expect(await stranger.query('SELECT name AS last FROM migrations ORDER BY id DESC LIMIT 1')).toEqual([
          { last },
        ]);
      } finally {
        await migrating.destroy();
      }
      await app.assignments.assign(reader('afterwards'));
      await expectFold();
      expect(((await contents())[0] as unknown[]).slice(0, -2)).toEqual(before[0]);
    },
    60_000,
  );

  it('once, if several nodes migrate at the same time', async () => {
    await app.assignments.assign([reader(1), reader(2)]);
    await app.records();
    await stranger.query(
      `DROP TRIGGER audit_record_intervals ON audit_record; DROP FUNCTION audit_interval_follow(); DROP TABLE audit_interval, audit_interval_block;
       DELETE FROM migrations WHERE name = 'GrantlogIntervals1764000000002'`,
    );
    const starting = [1, 2, 3].map(() => startApp({ url: cluster.database.url, grantlog: quiet }));
    for (const node of await Promise.all(starting)) await node.close();
    await app.assignments.remove(reader(1));
    await expectFold();
  });

  it('when they were damaged: what differs is mended, and nothing else is touched', async () => {
    await live(app.dataSource, mixed(6_000));
    const before = await contents();
    expect(await rebuildIntervals(app.dataSource)).toEqual({ mended: 0 });
    await stranger.query(`UPDATE audit_interval SET to_seq = NULL WHERE from_seq % 100 = 0 AND to_seq IS NOT NULL`);
    await stranger.query(`UPDATE audit_interval SET subject = 'user^wrong', to_seq = 9000 WHERE from_seq = 2`);
    await stranger.query(`DELETE FROM audit_interval WHERE from_seq BETWEEN 100 AND 200`);
    await stranger.query(
      `INSERT INTO audit_interval (from_seq, ptype, subject, rule_hash) VALUES (999999, 'g', 'user^x', 7)`,
    );
    await stranger.query(`UPDATE audit_interval_block SET until = 0 WHERE block = 3`);
    await stranger.query(`INSERT INTO audit_interval_block VALUES ('role', 'role^x', 0, 7)`);
    const untouched = `SELECT count(*)::int AS n FROM audit_interval WHERE xmin = pg_current_xact_id()::xid`;
    expect(await stranger.query(untouched)).toEqual([{ n: 0 }]);
    const { mended } = await rebuildIntervals(app.dataSource);
    expect(mended).toBeGreaterThan(60);
    expect(mended).toBeLessThan(300);
    expect(await contents()).toEqual(before);
    expect(await rebuildIntervals(app.dataSource)).toEqual({ mended: 0 });
  }, 60_000);

  it('when they, their function or their trigger are gone, or the trigger is switched off', async () => {
    await app.assignments.assign([reader(1), reader(2)]);
    await app.assignments.remove(reader(1));
    await app.records();
    const damages: [string, number | null][] = [
      ['DROP TABLE audit_interval', null],
      ['DROP TABLE audit_interval_block', null],
      ['TRUNCATE audit_interval, audit_interval_block', 6],
      ['DROP TRIGGER audit_record_intervals ON audit_record', 0],
      ['ALTER TABLE audit_record DISABLE TRIGGER audit_record_intervals', 0],
      ['DROP FUNCTION audit_interval_follow() CASCADE', 0],
    ];
    for (const [damage, mended] of damages) {
      await stranger.query(damage);
      const report = await rebuildIntervals(app.dataSource);
      expect([damage, report.mended === null]).toEqual([damage, mended === null]);
      await app.assignments.assign(reader(`after ${damage}`));
      await expectFold();
    }
  });

  it('beside an app that writes and reads: readers see what is right or what was there, and wait for nothing', async () => {
    await live(app.dataSource, mixed(6_000));
    const { seq: now } = await app.assignments.findPage({ asOf: await app.trail.closedThrough(), limit: 1 });
    await stranger.hold('LOCK audit_interval IN ROW EXCLUSIVE MODE'); // as a long reader and more; it keeps no rebuild out
    let rebuilding = true;
    const rebuilt = (async () => {
      for (let turn = 0; turn < 3; turn += 1) await rebuildIntervals(app.dataSource);
      rebuilding = false;
    })();
    let pages = 0;
    for (let n = 0; rebuilding || n < 5; n += 1) {
      await app.assignments.assign(reader(`writer-${n}`));
      const { items, seq } = await app.assignments.findPage({ asOf: '2020-01-01T00:00:04Z', limit: 200 });
      expect([items.length, seq]).toEqual([200, '4000']);
      pages += 1;
    }
    await rebuilt;
    await stranger.release();
    expect([pages >= 5, now]).toEqual([true, '10000']);
    await expectFold();
  }, 60_000);

  it('or not at all, if it is killed', async () => {
    await live(app.dataSource, mixed(6_000));
    await stranger.query(`DELETE FROM audit_interval WHERE from_seq < 5000`);
    const damaged = await contents();
    await stranger.hold('LOCK audit_interval IN SHARE ROW EXCLUSIVE MODE'); // it comes no further than to writing
    const killed = rebuildIntervals(app.dataSource).catch((error: unknown) => String(error));
    const [pid] = await stranger.waitForBlocked('%DELETE FROM audit_interval%');
    await stranger.query('SELECT pg_terminate_backend($1)', [pid]);
    expect(await killed).toMatch(/terminat|connection/i);
    await stranger.release();
    expect(await contents()).toEqual(damaged);
    expect((await rebuildIntervals(app.dataSource)).mended).toBeGreaterThan(1_000);
    await expectFold();
  }, 60_000);

  it('by nobody, when the data of a dump is put back, whose tables come in the order of their names', async () => {
    await live(app.dataSource, mixed(6_000));
    const before = await contents();
    const other = await Cluster.create();
    try {
      const restored = await other.start({ grantlog: quiet });
      for (const table of [...tables, 'audit_record']) {
        const columns =
          table === 'audit_interval'
            ? 'from_seq, to_seq, ptype, subject, role, scope, scope_namespace, rule_hash'
            : '*';
        const rows = await stranger.query<Record<string, unknown>>(`SELECT ${columns} FROM ${table}`);
        const names = Object.keys(rows[0] ?? {}).join(', ');
        await restored.dataSource.query(
          `INSERT INTO ${table} (${names}) SELECT ${names} FROM jsonb_populate_recordset(NULL::${table}, $1)`,
          [JSON.stringify(rows)],
        );
      }
      await restored.dataSource.query(
        `UPDATE audit_head SET (seq, recorded_at) = (SELECT seq, recorded_at FROM audit_record ORDER BY seq DESC LIMIT 1)`,
      );
      expect(await rebuildIntervals(restored.dataSource)).toEqual({ mended: 0 });
      const rows = await restored.dataSource.query('SELECT * FROM audit_interval ORDER BY from_seq');
      expect(rows).toEqual(before[0]);
    } finally {
      await other.end();
    }
  }, 60_000);
});
