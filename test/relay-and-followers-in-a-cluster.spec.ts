import EventEmitter2 from 'eventemitter2';
import { type AuditRecord } from 'grantlog';
import { foldOf } from './support/casbin-state';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { ClusterNode, type NodeSettings } from './support/cluster-node';
import { connect } from './support/database';
import { reader, rulesIn } from './support/facts';
import { Stranger } from './support/stranger';
import { untilSo } from './support/until';

const upTo = (last: number): string[] => Array.from({ length: last }, (_, at) => String(at + 1));

/** Where a node can be stopped in the middle of a batch: who waits for what, and until when. */
const places = {
  'before the claim': { trigger: '', statement: '%FROM audit_head FOR UPDATE%' },
  'between claim and append': { trigger: 'TRIGGER wait_here BEFORE INSERT', statement: '%INSERT INTO audit_record%' },
  'between append and commit': { trigger: 'CONSTRAINT TRIGGER wait_here AFTER INSERT', statement: 'COMMIT' },
};
type Place = keyof typeof places;

let cluster: Cluster;
let stranger: Stranger;
let nodes: ClusterNode[];
beforeEach(async () => {
  cluster = await Cluster.create();
  nodes = [];
  const migrated = await connect(cluster.database.url);
  await migrated.destroy();
  stranger = await Stranger.connect(cluster.database.url);
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.kill()));
  await stranger.end();
  await cluster.end();
});

async function start(settings?: NodeSettings): Promise<ClusterNode> {
  const node = await ClusterNode.start(cluster.database.url, settings);
  nodes.push(node);
  return node;
}

describe('the relay in a cluster', () => {
  /** Whoever records comes to `place` and no further, until `stranger.release()`. */
  async function closeRoad(place: Place): Promise<void> {
    const { trigger } = places[place];
    if (trigger === '') return stranger.stopRecording();
    await stranger.query(`
      CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$;
      CREATE ${trigger} ON audit_record ${trigger.startsWith('CONSTRAINT') ? 'DEFERRABLE INITIALLY DEFERRED' : ''}
        FOR EACH ROW EXECUTE FUNCTION wait_here()`);
    return stranger.hold('SELECT pg_advisory_xact_lock(1)');
  }

  /** A node in the middle of its first batch. */
  async function stoppedAt(place: Place, work: string): Promise<ClusterNode> {
    await closeRoad(place);
    const node = await start();
    node.ask(work);
    await stranger.waitForBlocked(places[place].statement);
    return node;
  }

  /** The log holds each change once, in an order in which they can have been made, and tells of the rules that are there. */
  async function logIsWhole(app: TestApp): Promise<number> {
    const records = await app.records();
    expect(records.map(({ seq }) => seq)).toEqual(upTo(records.length));
    expect(new Set(records.map(({ id }) => id)).size).toBe(records.length);
    const moments = records.map(({ recordedAt }) => recordedAt);
    expect(moments).toEqual([...moments].sort());
    expect(foldOf(records).map(String).sort()).toEqual((await rulesIn(app.dataSource)).map(String).sort());
    return records.length;
  }

  it.each(Object.keys(places) as Place[])('when a node dies %s, another one records', async (place) => {
    const relaying = await stoppedAt(place, 'assign of-the-dead 3');
    const other = await cluster.start();
    await other.assignments.assign(reader('of-the-other'));
    await relaying.kill();
    await stranger.release();
    await untilSo(async () => (await other.trail.lastSeq()) === '4');
    expect(await logIsWhole(other)).toBe(4);
  });

  it.each([
    ['before the claim', 'assign of-the-frozen 3'],
    ['between claim and append', 'assign of-the-frozen 3'],
    ['between append and commit', 'assign of-the-frozen 3'],
    ['before the claim', 'assign of-the-frozen 1000 2000'],
  ] as const)(
    'a node that is frozen %s (%s) holds the others for seconds, and does no harm when it wakes up',
    async (place, work) => {
      const relaying = await stoppedAt(place, work);
      const other = await cluster.start();
      await other.assignments.assign(reader('of-the-other'));
      await relaying.freeze();
      await stranger.release();
      await other.relay.drained();
      const last = await other.trail.lastSeq();
      await other.assignments.assign(reader('while-frozen'));
      relaying.thaw();
      relaying.ask('assign awake 5');
      await relaying.says('done assign');
      await untilSo(async () => (await other.trail.lastSeq()) === String(Number(last) + 6));
      expect(await logIsWhole(other)).toBe(Number(last) + 6);
    },
    60_000,
  );

  it('under load, with one that dies and one that is frozen for a while, nothing is doubled, lost or out of order', async () => {
    const small = { recordingBatch: 7 };
    const [dies, freezes, stays] = [await start(small), await start(small), await start(small)];
    for (const node of nodes) node.ask(`toggle ${node === stays ? 300 : 200}`);
    await Promise.all(nodes.map((node) => node.says('asked 20')));
    await dies.kill();
    await freezes.freeze();
    await stays.says('asked 120');
    freezes.thaw();
    await Promise.all([freezes, stays].map((node) => node.says('done toggle')));
    const app = await cluster.start();
    expect(await logIsWhole(app)).toBeGreaterThan(500);
  }, 120_000);
});

interface Cursor {
  readonly seq: string;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly lease_holder: string;
}

describe('the followers in a cluster', () => {
  const patient = { timeLimit: 1_000, maxAttempts: 5, backoff: 1 };

  /** A node that delivers in this process, and what it delivers. */
  async function listening(listeners: NonNullable<NodeSettings['listeners']>): Promise<[TestApp, heard: string[]]> {
    const emitter = new EventEmitter2({ wildcard: true });
    const heard: string[] = [];
    emitter.on('role_assignment.*', ({ seq }: AuditRecord) => heard.push(seq));
    return [await cluster.start({ grantlog: { listeners: { ...listeners, emitter } } }), heard];
  }

  const cursor = async (): Promise<Cursor | undefined> =>
    (await stranger.query<Cursor>('SELECT seq, attempts, last_error, lease_holder FROM audit_follower'))[0];

  const reached = (seq: string): Promise<void> => untilSo(async () => (await cursor())?.seq === seq);

  /** What it was about to do when it was frozen, it has done. */
  async function wake(node: ClusterNode): Promise<void> {
    node.thaw();
    node.ask('follow');
    await node.says('done follow');
  }

  it('when the node that delivers dies in a delivery, another one goes on with that record', async () => {
    const delivering = await start({ listeners: patient, stuckAt: '3' });
    delivering.ask('assign of-the-dead 6');
    await delivering.says('heard 3');
    const [, heard] = await listening(patient);
    await delivering.kill();
    await reached('6');
    expect(delivering.heard).toEqual(['1', '2', '3']);
    expect(heard).toEqual(['3', '4', '5', '6']);
  });

  it('a node that is frozen in a delivery is replaced, and changes nothing when it wakes up', async () => {
    const delivering = await start({ listeners: patient, stuckAt: '3' });
    delivering.ask('assign of-the-frozen 6');
    await delivering.says('heard 3');
    await delivering.freeze();
    const [other, heard] = await listening(patient);
    await reached('6');
    const before = await cursor();
    await wake(delivering);
    expect(await cursor()).toEqual(before);
    await other.assignments.assign(reader('later'));
    await reached('7');
    expect(delivering.heard).toEqual(['1', '2', '3']);
    expect(heard).toEqual(['3', '4', '5', '6', '7']);
    expect((await other.health.report()).status).toBe('green');
  });

  it('one that is frozen before it knows that its cursor has moved may repeat a record, and skips none', async () => {
    await stranger.query(`
      CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$;
      CREATE TRIGGER wait_here BEFORE UPDATE OF seq ON audit_follower FOR EACH ROW WHEN (NEW.seq = 2)
        EXECUTE FUNCTION wait_here()`);
    await stranger.hold('SELECT pg_advisory_xact_lock(1)');
    const delivering = await start({ listeners: patient });
    delivering.ask('assign of-the-frozen 6');
    await stranger.waitForBlocked('%UPDATE audit_follower SET seq%');
    await delivering.freeze();
    await stranger.release();
    const [, heard] = await listening(patient);
    await reached('6');
    const before = await cursor();
    await wake(delivering);
    expect(await cursor()).toEqual(before);
    expect(delivering.heard).toEqual(['1', '2', '3']);
    expect(heard).toEqual(['3', '4', '5', '6']);
  });

  it('one that is frozen in its last attempt does not park what was taken meanwhile', async () => {
    const hasty = { timeLimit: 1_000, maxAttempts: 1 };
    const delivering = await start({ listeners: hasty, stuckAt: '3' });
    delivering.ask('assign of-the-frozen 6');
    await delivering.says('heard 3');
    await delivering.freeze();
    const [other, heard] = await listening(hasty);
    await reached('6');
    const { items } = await other.followers.parked(); // nobody knows what became of its only attempt
    expect(items).toMatchObject([{ seq: '3', lastError: 'the process ended during every attempt' }]);
    expect(await other.followers.retry(items[0]?.id ?? '')).toMatchObject({ delivered: true });
    expect(heard).toEqual(['4', '5', '6', '3']);
    await wake(delivering);
    expect((await other.followers.parked()).items).toEqual([]);
  });
});
