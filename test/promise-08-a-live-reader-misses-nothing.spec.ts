import type { AuditRecord } from 'grantlog';
import { BusyWriter, randomFrom } from './support/busy-writer';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { Stranger } from './support/stranger';
import { until } from './support/until';

/** Changes that are written while somebody reads. */
const changes = Number(process.env.GRANTLOG_LIVE_READER_CHANGES ?? 200_000);
const writers = 64;
/** Milliseconds for one change, on a slow and busy machine. */
const patience = 1.5;

type Seen = Pick<AuditRecord, 'seq' | 'id' | 'recordedAt'>;
/** Gives what lies behind a seq, in the order of seq; not necessarily all of it. */
type Read = (after: string) => Promise<readonly Seen[]>;

/** Follows the log by nothing but the last seq that it saw, and compares that with what the writers say they committed. */
class LiveReader {
  /** Committed and not seen yet; seen and not known to be committed. */
  readonly missed = new Set<string>();
  readonly unknown = new Set<string>();
  /** Pages that were read while more was being written. */
  livePages = 0;
  private last: Seen = { seq: '0', id: '', recordedAt: '' };
  private ending = false;

  constructor(private readonly read: Read) {}

  get seq(): number {
    return Number(this.last.seq);
  }

  committed(id: string): void {
    if (!this.unknown.delete(id)) this.missed.add(id);
  }

  /** Nothing is written any more. */
  expectEnd(): void {
    this.ending = true;
  }

  /** Resolves at the end of the log. */
  async follow(): Promise<void> {
    for (;;) {
      const { ending } = this;
      const page = await until(
        () => this.read(this.last.seq),
        ({ length }) => length > 0 || this.ending,
      );
      if (page.length === 0 && ending) return;
      if (!ending) this.livePages += 1;
      for (const record of page) this.see(record);
    }
  }

  private see(record: Seen): void {
    if (Number(record.seq) !== this.seq + 1) throw new Error(`seq ${record.seq} was given behind ${this.last.seq}.`);
    if (record.recordedAt < this.last.recordedAt) throw new Error(`recordedAt went back at seq ${record.seq}.`);
    this.last = record;
    if (!this.missed.delete(record.id)) this.unknown.add(record.id);
  }
}

const rows = `
  SELECT seq::text AS seq, id, to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS "recordedAt"
  FROM audit_record WHERE seq > $1 ORDER BY audit_record.seq LIMIT 1000`;

describe('a live reader by seq', () => {
  let cluster: Cluster;
  let stranger: Stranger;
  beforeEach(async () => {
    cluster = await Cluster.create();
  });
  afterEach(async () => {
    await stranger.end();
    await cluster.end();
  });

  const start = (poolSize: number): Promise<TestApp> => cluster.start({ poolSize, grantlog: { listeners: false } });

  it(
    `misses none of ${changes} changes that ${writers} transactions of 0 to 1 s write on two nodes`,
    async () => {
      const nodes = [await start(40), await start(40)] as const;
      const [{ trail }] = nodes;
      stranger = await Stranger.connect(cluster.database.url);
      const readers = [
        new LiveReader(async (after) => trail.after(after, await trail.lastSeq())),
        new LiveReader((after) => stranger.query(rows, [after])),
      ];
      const reading = Promise.all(readers.map((reader) => reader.follow()));
      let committed = 0;
      const write = async (app: TestApp, number: number): Promise<void> => {
        const writer = new BusyWriter(app, `${number}`, randomFrom(number));
        while (committed < changes) {
          const ids = await writer.transaction();
          committed += ids.length;
          for (const id of ids) for (const reader of readers) reader.committed(id);
        }
      };
      const half = writers / nodes.length;
      const writing = nodes.flatMap((app, at) => Array.from({ length: half }, (_, n) => write(app, at * half + n)));
      await Promise.race([Promise.all(writing), reading]); // a reader does not end before the writers, unless it fails
      await Promise.all(nodes.map(({ relay }) => relay.drained()));
      for (const reader of readers) reader.expectEnd();
      await reading;
      for (const reader of readers) {
        expect(reader.missed).toEqual(new Set());
        expect(reader.unknown).toEqual(new Set());
        expect(reader.seq).toBe(committed);
        expect(reader.livePages).toBeGreaterThan(committed / 10_000);
      }
    },
    30_000 + changes * patience,
  );
});
