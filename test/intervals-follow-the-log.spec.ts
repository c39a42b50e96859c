import { adoptRules, grantsFor } from 'grantlog';
import { startApp, type TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { reader } from './support/facts';
import { KillableApp } from './support/killable-app';
import { live } from './support/lives';
import { foldOf, intervalsIn, wrongBlocks } from './support/log-fold';
import { Roles } from './support/roles';
import { Stranger } from './support/stranger';
import { stderrOf } from './support/stderr';

const quiet = { listeners: false } as const;
const times = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

describe('intervals follow the log, whoever appends', () => {
  let cluster: Cluster;
  let roles: Roles;
  beforeEach(async () => {
    cluster = await Cluster.create();
    roles = new Roles(cluster.database);
  });
  afterEach(async () => {
    await cluster.end();
    await roles.drop();
  });

  async function expectFold(app: TestApp): Promise<void> {
    const fold = foldOf(await app.records());
    expect(await intervalsIn(app.dataSource)).toEqual(fold);
    expect(fold.length).toBeGreaterThan(0);
    expect(await wrongBlocks(app.dataSource)).toEqual([]);
  }

  it('two nodes that fight over small batches, while rules come and go', async () => {
    const grantlog = { ...quiet, recordingBatch: 3 };
    const nodes = [await cluster.start({ grantlog }), await cluster.start({ grantlog })] as const;
    await Promise.all(
      times(12).map(async (caller) => {
        const { assignments } = nodes[caller % 2 === 0 ? 0 : 1];
        for (const call of times(20)) {
          await (call % 2 === 0 ? assignments.assign(reader(caller % 4)) : assignments.remove(reader(caller % 4)));
        }
      }),
    );
    await expectFold(nodes[0]);
  });

  it('a node that is killed and those that go on', async () => {
    const app = await cluster.start({ grantlog: quiet });
    const killed = new KillableApp(cluster.database.url, 'forEver');
    for (const _ of times(40)) await killed.line();
    await killed.kill();
    await app.assignments.removeAll({ role: 'role^reader' });
    await expectFold(app);
  });

  it.each([1, 2, 500])(
    'batches of %i that tell of a rule again and again, also of what was done past Grantlog',
    async (recordingBatch) => {
      const app = await cluster.start({ grantlog: { ...quiet, recordingBatch } });
      const stranger = await Stranger.connect(cluster.database.url);
      const past = await Stranger.connect(cluster.database.url);
      const insert = `INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'user^1', 'role^reader', '*')`;
      const remove = `DELETE FROM casbin_rule WHERE v0 = 'user^1'`;
      await app.assignments.assign(reader('first'));
      await app.records();
      for (const before of [insert, remove]) {
        await stranger.stopRecording(); // what follows is recorded at once
        await app.assignments.assign(reader(1));
        await app.assignments.remove(reader(1));
        await past.query(insert);
        await app.assignments.remove(reader(1)); // deleted after deleted
        await app.assignments.assign(reader(1));
        await past.query(remove);
        await app.assignments.assign(reader(1)); // created after created
        await past.query(remove);
        await past.query(before).catch(() => undefined);
        await stranger.release();
        await expectFold(app);
      }
      await stranger.end();
      await past.end();
      const empty = await app.dataSource.query('SELECT FROM audit_interval WHERE from_seq = to_seq');
      expect(empty).toHaveLength(2);
    },
  );

  it('an adoption, which appends directly', async () => {
    const app = await cluster.start({ grantlog: quiet });
    await app.assignments.assign([reader('kept'), reader('taken')]);
    await app.records();
    const stranger = await Stranger.connect(cluster.database.url);
    await stranger.query(`DELETE FROM casbin_rule WHERE v0 = 'user^taken'`);
    await stranger.query(
      `INSERT INTO casbin_rule (ptype, v0, v1, v2) SELECT 'g', 'user^' || n, 'role^reader', '*' FROM generate_series(1, 3000) AS n`,
    );
    await stranger.query(`INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('p', 'role^reader', 'act^read', '*')`);
    await stranger.end();
    await stderrOf(() => adoptRules(app.dataSource));
    await app.assignments.assign(reader('taken'));
    await expectFold(app);
  });

  it('the role of the app, which may read them and change nothing', async () => {
    await (await cluster.start({ grantlog: quiet })).records();
    const role = await roles.create('app');
    await roles.administer(...grantsFor(role, cluster.database.name));
    const app = await startApp({
      url: roles.urlAs(role),
      dataSource: { migrationsRun: false },
      grantlog: quiet,
    });
    try {
      await app.assignments.assign([reader(1), reader(2)]);
      await app.assignments.remove(reader(1));
      await expectFold(app);
      const [last] = (await app.records()).slice(-1);
      expect(await app.assignments.find({ asOf: last?.recordedAt })).toMatchObject([reader(2)]);
      for (const table of ['audit_interval', 'audit_interval_block']) {
        for (const change of [`DELETE FROM ${table}`, `UPDATE ${table} SET until = 0`, `TRUNCATE ${table}`]) {
          await expect(app.dataSource.query(change)).rejects.toThrow(/permission denied|can only be updated/);
        }
      }
      await expect(
        app.dataSource.query(`INSERT INTO audit_interval_block (led_by, key, block, until) VALUES ('role', 'x', 0, 0)`),
      ).rejects.toThrow('permission denied');
    } finally {
      await app.close();
    }
  });

  it('a table of somebody else cannot make the trigger write, not even if its function were free for all', async () => {
    const app = await cluster.start({ grantlog: quiet });
    await app.assignments.assign(reader(1));
    await app.records();
    const role = await roles.create('app');
    await roles.administer(...grantsFor(role, cluster.database.name));
    const forged = `
      CREATE TEMPORARY TABLE audit_record (LIKE public.audit_record);
      CREATE TRIGGER forged AFTER INSERT ON pg_temp.audit_record REFERENCING NEW TABLE AS appended
        FOR EACH STATEMENT EXECUTE FUNCTION public.audit_interval_follow();
      INSERT INTO pg_temp.audit_record SELECT * FROM public.audit_record`;
    await roles.asRole(role, async (dataSource) => {
      await expect(dataSource.query(forged)).rejects.toThrow(/permission denied for function .*audit_interval_follow/);
    });
    await roles.administer('GRANT EXECUTE ON FUNCTION audit_interval_follow() TO PUBLIC');
    await roles.asRole(role, async (dataSource) => {
      await expect(dataSource.query(forged)).rejects.toThrow('is the trigger of audit_record alone');
    });
    await expectFold(app);
  });

  it('also one that says it is a replica, and one whose sessions look elsewhere first', async () => {
    const app = await cluster.start({ grantlog: quiet });
    await app.assignments.assign(reader(1));
    await app.records();
    const stranger = await Stranger.connect(cluster.database.url);
    await stranger.query('CREATE TEMPORARY TABLE audit_interval (LIKE public.audit_interval)');
    await stranger.query('SET session_replication_role = replica');
    await stranger.query(
      `INSERT INTO public.audit_record (seq, id, type, operation, outcome, subject, role, scope, scope_namespace, operation_id, occurred_at,
         recorded_at, details, outbox_id, xid)
       SELECT seq + 1, gen_random_uuid(), 'role_assignment.deleted', 'deleted', outcome, subject, role, scope, scope_namespace, operation_id,
         occurred_at, recorded_at, details, outbox_id, xid FROM public.audit_record`,
    );
    await stranger.query('UPDATE audit_head SET seq = seq + 1');
    expect(await stranger.query('SELECT FROM pg_temp.audit_interval')).toEqual([]);
    await stranger.end();
    await expectFold(app);
  });

  it('in a schema of its own', async () => {
    const stranger = await Stranger.connect(cluster.database.url);
    await stranger.query('CREATE SCHEMA "authz-1"');
    await stranger.end();
    const url = new URL(cluster.database.url);
    url.searchParams.set('options', '-c search_path=authz-1');
    const app = await cluster.start({ url: url.href, grantlog: quiet });
    await app.assignments.assign([reader(1), reader(2)]);
    await app.assignments.remove(reader(1));
    await expectFold(app);
  });

  it.each([1, 1_000])(
    'among 60,000 a batch of %i finds what it ends by an index',
    async (batch) => {
      const app = await cluster.start({ grantlog: quiet });
      await live(
        app.dataSource,
        `SELECT n, n AS "from", CASE WHEN n % 3 = 0 THEN n + 0.5 END AS "to" FROM generate_series(1, 60000) AS n`,
      );
      const stranger = await Stranger.connect(cluster.database.url);
      await stranger.query('BEGIN');
      const [{ before = '' } = {}] = await stranger.query<{ before: string }>(touched);
      await stranger.query(
        `INSERT INTO audit_record (seq, id, type, operation, outcome, subject, role, scope, scope_namespace, operation_id, occurred_at,
         recorded_at, details, outbox_id, xid)
       SELECT 80000 + row_number() OVER (), gen_random_uuid(), 'role_assignment.deleted', 'deleted', outcome, subject, role, scope,
         scope_namespace, operation_id, occurred_at, recorded_at, details, outbox_id, xid
       FROM audit_record WHERE seq IN (SELECT from_seq FROM audit_interval WHERE to_seq IS NULL ORDER BY from_seq LIMIT $1)`,
        [batch],
      );
      const [{ scans = 0, rows = 0 } = {}] = await stranger.query<{ scans: number; rows: number }>(
        `SELECT sum(seq_scan)::int AS scans, sum(idx_tup_fetch)::int AS rows FROM pg_stat_xact_user_tables
       WHERE relname IN ('audit_interval', 'audit_interval_block')`,
      );
      const ended = await stranger.query('SELECT FROM audit_interval WHERE to_seq > 80000');
      await stranger.query('ROLLBACK');
      await stranger.end();
      expect({ before, scans, ended: ended.length }).toEqual({ before: '0', scans: 0, ended: batch });
      expect(rows).toBeLessThan(50 * batch + 5_000);
    },
    60_000,
  );

  const touched = `SELECT coalesce(sum(seq_scan), 0)::text AS before FROM pg_stat_xact_user_tables WHERE relname = 'audit_interval'`;
});
