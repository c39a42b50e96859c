import { type AuditRecord } from 'grantlog';
import { collect, type TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { until } from './support/until';

const assignment = (user: number | string) => ({ subject: `user^${user}`, role: 'role^reader', scope: 'lib^one' });
const seqs = (records: readonly AuditRecord[]) => records.map(({ seq }) => seq);
const upTo = (last: number) => Array.from({ length: last }, (_, at) => String(at + 1));
const times = (count: number) => Array.from({ length: count }, (_, at) => at);

const claimBlocked = `
  SELECT pid FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FROM audit_head FOR UPDATE%'`;

/** What a caller saw of one call: when it began and when it was answered, on the clock of this process. */
interface Seen {
  readonly id: string;
  readonly began: number;
  readonly answered: number;
}

function notDecreasing(records: readonly AuditRecord[]): void {
  const moments = records.map(({ recordedAt }) => recordedAt);
  expect(moments).toEqual([...moments].sort());
}

describe('seq is append order', () => {
  let cluster: Cluster;
  let app: TestApp;
  const small = { recordingBatch: 3, listeners: false } as const;
  beforeEach(async () => {
    cluster = await Cluster.create();
    app = await cluster.start({ grantlog: small, poolSize: 20 });
  });
  afterEach(() => cluster.end());

  it('what was answered before a call began stands before it, while two relays fight over small batches', async () => {
    const other = await cluster.start({ grantlog: small, poolSize: 20 });
    const seen: Seen[] = [];
    const holder = app.dataSource.createQueryRunner();
    await holder.startTransaction(); // nothing is appended while this lasts: a backlog for both relays to fight over
    await holder.query(`SELECT FROM audit_head FOR UPDATE`);
    await Promise.all(
      times(2).map(async (writer) => {
        for (const call of times(300)) {
          const { assignments } = (writer + call) % 2 === 0 ? app : other;
          const began = performance.now();
          const { events } = await assignments.assign(assignment(`${writer}.${call}`));
          const answered = performance.now();
          seen.push(...events.map(({ id }) => ({ id, began, answered })));
        }
      }),
    );
    // Both relays wait for the head; neither takes from the outbox without it.
    await until(
      () => app.dataSource.query(claimBlocked),
      (waiting: unknown[]) => waiting.length === 2,
    );
    await holder.commitTransaction();
    await holder.release();
    await Promise.all([app.relay.drained(), other.relay.drained()]);
    const records = await app.records();
    expect(seqs(records)).toEqual(upTo(600));
    expect(records.map(({ id }) => id).sort()).toEqual(seen.map(({ id }) => id).sort());
    notDecreasing(records);
    const calls = new Map(seen.map((call) => [call.id, call]));
    let latestBegin = 0;
    for (const { id, seq } of records) {
      const { began = 0, answered = 0 } = calls.get(id) ?? {};
      if (answered < latestBegin) throw new Error(`Record ${seq} was answered before one with a lower seq began.`);
      latestBegin = Math.max(latestBegin, began);
    }
  });

  it('for one assignment it is the order of the commits', async () => {
    const other = await cluster.start({ grantlog: small, poolSize: 20 });
    await Promise.all(
      times(16).map(async (writer) => {
        const { assignments } = writer % 2 === 0 ? app : other;
        for (const call of times(20)) {
          await (call % 2 === 0 ? assignments.assign(assignment('same')) : assignments.remove(assignment('same')));
        }
      }),
    );
    const records = await app.records();
    expect(seqs(records)).toEqual(upTo(records.length));
    expect(records.length).toBeGreaterThan(1);
    records.forEach(({ operation }, at) => expect(operation).toBe(at % 2 === 0 ? 'created' : 'deleted'));
    expect(await app.assignments.find()).toHaveLength(records.length % 2);
  });

  it('recordedAt moves on although the clock has gone back or stands still', async () => {
    await app.assignments.assign(assignment(1));
    await app.records();
    const ahead = '2200-01-01T00:00:00.000000Z';
    await app.dataSource.query(`UPDATE audit_head SET recorded_at = $1`, [ahead]);
    for (const user of [2, 3, 4]) {
      await app.assignments.assign(assignment(user));
      await app.relay.drained();
    }
    const records = await app.records();
    notDecreasing(records);
    expect(records.slice(1).map(({ recordedAt }) => recordedAt)).toEqual(
      [1, 2, 3].map((microseconds) => ahead.replace('.000000', `.00000${microseconds}`)),
    );
    expect(await app.trail.closedThrough()).toBe(records[3]?.recordedAt);
    const { items } = await app.trail.find({ from: records[2]?.recordedAt });
    expect(seqs(items)).toEqual(['4', '3']);
  });

  it('an append that is rolled back leaves no gap', async () => {
    await app.dataSource.query(`
      CREATE SEQUENCE append_attempt;
      CREATE FUNCTION break_some() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF nextval('append_attempt') % 4 = 3 THEN RAISE EXCEPTION 'every fourth append breaks'; END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER break_some BEFORE INSERT ON audit_record FOR EACH ROW EXECUTE FUNCTION break_some()`);
    for (const user of times(20)) {
      await app.assignments.assign([assignment(`${user}`), assignment(`${user}+`)]);
      await app.relay.drained().catch(() => undefined); // it will be tried again
    }
    const [{ attempts }] = await app.dataSource.query(`SELECT last_value::int AS attempts FROM append_attempt`);
    await app.dataSource.query(`DROP TRIGGER break_some ON audit_record`);
    const records = await app.records();
    expect(seqs(records)).toEqual(upTo(40));
    expect(await app.trail.lastSeq()).toBe('40');
    expect(attempts).toBeGreaterThan(40);
    notDecreasing(records);
  });

  it('a reader by seq misses nothing while 16 transactions of differing length write', async () => {
    const writing = await cluster.start({ grantlog: { ...small, recordingBatch: 50 }, poolSize: 20 });
    const perWriter = 125;
    const read: AuditRecord[] = [];
    const streamed = new Set<string>();
    let done = false;
    const reader = (async () => {
      for (let last = false; ; last = done) {
        const news = await app.trail.after(read.at(-1)?.seq ?? '0', await app.trail.lastSeq(), {}, 100);
        read.push(...news);
        if (last && news.length === 0) return;
      }
    })();
    const streamer = (async () => {
      while (!done) {
        const log = await collect(app.trail.stream());
        const now = new Set(seqs(log));
        expect([...streamed].filter((seq) => !now.has(seq))).toEqual([]);
        expect(seqs(log)).toEqual(upTo(log.length));
        for (const seq of now) streamed.add(seq);
      }
    })();
    await Promise.all(
      times(16).map(async (writer) => {
        for (const call of times(perWriter)) {
          await writing.dataSource.transaction(async (manager) => {
            await writing.assignments.assign(assignment(`${writer}.${call}`), { manager });
            await manager.query(`SELECT pg_sleep($1)`, [((writer * 7 + call * 13) % 17) / 2_000]); // its length, no wait
          });
        }
      }),
    );
    await writing.records();
    done = true;
    await Promise.all([reader, streamer]);
    expect(seqs(read)).toEqual(upTo(16 * perWriter));
    expect(new Set(read.map(({ subject }) => subject)).size).toBe(16 * perWriter);
    notDecreasing(read);
  });
});
