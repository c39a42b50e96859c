import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { letReadersRead, mayRead, reader } from './support/facts';
import { MeasuredApp } from './support/measured-app';
import { Stranger } from './support/stranger';
import { until, untilSo } from './support/until';

/** Far less than what a stretch of events takes if anything of them is kept. */
const mostGrowth = 3_000_000;

interface Recorded {
  readonly records: number;
  readonly outOfOrder: number;
  readonly waiting: number;
}

describe('while nothing can be recorded the outbox grows, and nothing else does', () => {
  let cluster: Cluster;
  let watcher: TestApp;
  let busy: MeasuredApp;
  let stranger: Stranger;
  let onlooker: Stranger;
  beforeEach(async () => {
    cluster = await Cluster.create();
    watcher = await cluster.start();
    await letReadersRead(watcher);
    await watcher.assignments.assign([1, 2, 3, 4].map((n) => reader(`victim-${n}`)));
    await watcher.records();
    busy = await MeasuredApp.start(cluster.database.url);
    stranger = await Stranger.connect(cluster.database.url);
    onlooker = await Stranger.connect(cluster.database.url);
  });
  afterEach(async () => {
    await stranger.end();
    await onlooker.end();
    await busy.kill();
    await cluster.end();
  });

  /** Half of them by single calls and half by batches. */
  const change = async (events: number): Promise<void> => {
    for (const by of ['calls', 'batches'] as const) await busy.tell({ verb: 'churn', events: events / 2, by });
  };

  const revoked = async (name: string): Promise<void> => {
    await busy.tell({ verb: 'revoke', name });
    await untilSo(async () => !(await mayRead(watcher, name)));
  };

  it.each([
    ['the head of the log is held', 'SELECT FROM audit_head FOR UPDATE', 10_000],
    ['the table of the log is locked', 'LOCK TABLE audit_record IN ACCESS EXCLUSIVE MODE', 6_000],
  ])(
    '%s: changes go on, revocations reach every node, the heap stays flat, health is red, and then all is recorded in order',
    async (_, lock, stretch) => {
      await change(stretch); // warms up
      await watcher.relay.drained();
      await stranger.hold(lock);
      const heaps: number[] = [];
      for (const victim of ['victim-1', 'victim-2', 'victim-3']) {
        await change(stretch);
        await revoked(victim);
        heaps.push(await busy.heap());
      }
      const [first = NaN, second = NaN, third = NaN] = heaps;
      expect(second - first).toBeLessThan(mostGrowth);
      expect(third - second).toBeLessThan(mostGrowth);
      const [outbox] = await onlooker.query<{ depth: number }>('SELECT count(*)::int AS depth FROM audit_outbox');
      expect(outbox?.depth).toBe(3 * stretch + 3);

      // The last one: a relay that waits has the first ones in its hands.
      await onlooker.query(`UPDATE audit_outbox SET occurred_at = occurred_at - interval '31 s'
        WHERE outbox_id = (SELECT max(outbox_id) FROM audit_outbox)`);
      const { status, problems } = await busy.tell({ verb: 'report' });
      expect(status).toBe('red');
      expect(problems?.join()).toMatch(/oldest event waits in the outbox|Recording has failed/);
      expect((await watcher.health.report()).status).toBe('red');

      await stranger.release();
      const recorded = await until(
        async () => (await onlooker.query<Recorded>(whatIsRecorded))[0],
        (state) => state?.waiting === 0,
      );
      expect(recorded).toEqual({ records: 4 * stretch + 8, outOfOrder: 0, waiting: 0 });
      await revoked('victim-4');
      await untilSo(async () => (await watcher.health.report()).status === 'green');
    },
    60_000,
  );
});

const whatIsRecorded = `
  SELECT count(*)::int AS records, (count(*) FILTER (WHERE outbox_id < before))::int AS "outOfOrder",
    (SELECT count(*)::int FROM audit_outbox) AS waiting
  FROM (SELECT outbox_id, lag(outbox_id) OVER (ORDER BY seq) AS before FROM audit_record) AS record`;
