import { DataSource } from 'typeorm';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { type Answer, HttpCaller, LetsPass } from './support/http';
import { reader } from './support/facts';
import { later } from './support/log-fold';
import { Stranger } from './support/stranger';
import { LogHead } from '../libs/grantlog/src/trail/log-head';

const grantlog = { http: { guards: [LetsPass] }, listeners: false } as const;

describe('what was in force at a moment is told for moments of which the log knows everything', () => {
  let cluster: Cluster;
  let app: TestApp;
  let caller: HttpCaller;
  let stranger: Stranger;
  beforeEach(async () => {
    cluster = await Cluster.create();
    app = await cluster.start({ grantlog });
    caller = await HttpCaller.of(app);
    stranger = await Stranger.connect(cluster.database.url);
  });
  afterEach(async () => {
    await stranger.end();
    await cluster.end();
  });

  const asOf = (moment: string): Promise<Answer> =>
    caller.get(`/authz/role-assignments?asOf=${encodeURIComponent(moment)}`);
  const subjects = async (moment: string): Promise<string[]> => {
    const { status, body } = await asOf(moment);
    expect({ status, message: body.message }).toEqual({ status: 200, message: undefined });
    return body.items.map(({ subject }: { subject: string }) => subject);
  };
  const refusal = async (moment: string): Promise<string> => {
    const { status, body } = await asOf(moment);
    expect({ status, field: body.field }).toEqual({ status: 400, field: 'asOf' });
    return body.message;
  };
  const now = async (): Promise<string> => {
    const [row] = await stranger.query<{ now: string }>(
      `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS now`,
    );
    return row?.now ?? '';
  };
  const recordedAt = async (): Promise<string> => (await app.records()).at(-1)?.recordedAt ?? '';
  async function begin(): Promise<string> {
    await app.assignments.assign(reader('first'));
    return recordedAt();
  }

  it('an empty log tells of no moment', async () => {
    expect(await refusal(await now())).toContain('before the log began: nothing is recorded yet');
    expect(await refusal('2000-01-01')).toContain('before the log began');
  });

  it('neither before the log began nor in the future; the answer says since when', async () => {
    const began = await begin();
    expect(await refusal(later(began, -1))).toContain(
      `before the log began; what was in force is known from ${began} on`,
    );
    expect(await subjects(began)).toEqual(['user^first']);
    expect(await refusal(later(await now(), 60_000_000))).toContain('lies in the future');
    expect(await refusal('9999-12-31T23:59:59.999999Z')).toContain('lies in the future');
  });

  it.each(['yesterday', '2026-02-30', '2026-01-01T00:00:00', '', '0000-01-01'])('%j is no moment', async (moment) => {
    await begin();
    expect(await refusal(moment)).toContain('must be a moment in ISO 8601');
  });

  it('exactly from the moment of a record on: a microsecond before, it is not there', async () => {
    await begin();
    await app.assignments.assign(reader('second'));
    const granted = await recordedAt();
    await app.assignments.remove(reader('second'));
    const ended = await recordedAt();
    expect(await subjects(later(granted, -1))).toEqual(['user^first']);
    expect(await subjects(granted)).toEqual(['user^second', 'user^first']);
    expect(await subjects(later(ended, -1))).toEqual(['user^second', 'user^first']);
    expect(await subjects(ended)).toEqual(['user^first']);
    const zoned = `${later(granted, 3_600_000_000).slice(0, -1)}+01:00`;
    expect(await subjects(zoned)).toEqual(['user^second', 'user^first']);
  });

  it('up to now on a quiet system, whose last change is long ago; what comes later is recorded later', async () => {
    await begin();
    const asked = await now();
    expect(await subjects(asked)).toEqual(['user^first']);
    expect((await app.trail.closedThrough()) >= asked).toBe(true);
    await app.assignments.assign(reader('later'));
    expect((await recordedAt()) > asked).toBe(true);
    expect(await subjects(asked)).toEqual(['user^first']);
  });

  it('no moment that was told ever gets a record, although the clock goes back', async () => {
    await begin();
    const ahead = later(await now(), 3_600_000_000);
    await stranger.query('UPDATE audit_head SET recorded_at = $1', [ahead]); // the clock was there once
    expect(await subjects(await now())).toEqual(['user^first']);
    expect(await subjects(ahead)).toEqual(['user^first']); // it lies ahead of the clock, and is closed all the same
    expect(await app.trail.closedThrough()).toBe(ahead);
    await app.assignments.assign(reader('after'));
    expect(await recordedAt()).toBe(later(ahead, 1));
    expect(await subjects(ahead)).toEqual(['user^first']);
    expect(await subjects(later(ahead, 1))).toEqual(['user^after', 'user^first']);
    expect(await refusal(later(ahead, 2))).toContain('lies in the future');
  });

  it('not while changes wait to be recorded: the answer says how far it is complete, and does not wait for ever', async () => {
    const began = await begin();
    await app.relay.stop();
    await app.assignments.assign(reader('waiting'));
    const asked = await now();
    const closed = await app.trail.closedThrough();
    expect(await refusal(asked)).toContain(`changes may still be recorded for it. It is complete up to ${closed}`);
    expect(await app.trail.closedThrough()).toBe(closed);
    expect(await subjects(began)).toEqual(['user^first']);
    app.relay.start();
    await app.relay.drained();
    expect(await subjects(asked)).toEqual(['user^first']); // recorded after that moment
  });

  it.each([
    ['an appender that is frozen with the head', 'SELECT FROM audit_head FOR UPDATE'],
    ['somebody who has locked the table of the head', 'LOCK audit_head IN EXCLUSIVE MODE'],
  ])('%s is not waited for', async (_, lock) => {
    const began = await begin();
    await stranger.hold(lock);
    expect(await subjects(began)).toEqual(['user^first']);
    const asked = await now();
    expect(await refusal(asked)).toContain('is later than the log is closed'); // while it is still locked
    await stranger.release();
    expect(await subjects(asked)).toEqual(['user^first']);
  });

  it('many nodes that ask at once close it once each, and agree', async () => {
    await begin();
    const other = await cluster.start({ grantlog });
    const moments: string[] = [];
    for (let n = 0; n < 40; n += 1) moments.push(await now());
    const answers = await Promise.all(
      moments.map((moment, at) => (at % 2 === 0 ? app : other).assignments.findPage({ asOf: moment })),
    );
    expect(new Set(answers.map(({ seq }) => seq))).toEqual(new Set(['1']));
    expect((await app.trail.closedThrough()) >= (moments.sort().at(-1) ?? '')).toBe(true);
  });

  it('until records come to an end, a busy log is closed by its own records', async () => {
    await begin();
    const changes = Promise.all(Array.from({ length: 60 }, (_, n) => app.assignments.assign(reader(n))));
    const asked = await now();
    const held = await subjects(asked);
    await changes;
    await app.records();
    expect(await subjects(asked)).toEqual(held);
  });

  it('on a connection that may only read it is told as far as it is closed, and connections are kept', async () => {
    const began = await begin();
    const url = new URL(cluster.database.url);
    url.searchParams.set('options', '-c default_transaction_read_only=on');
    const dataSource = await new DataSource({ type: 'postgres', url: url.href, poolSize: 1 }).initialize();
    try {
      const head = new LogHead(dataSource);
      const pid = async (): Promise<unknown> => dataSource.query('SELECT pg_backend_pid() AS pid');
      const before = await pid();
      expect(await head.seqAsOf(began)).toBe('1');
      const asked = await now();
      await expect(head.seqAsOf(asked)).rejects.toThrow(`complete up to ${began}`);
      expect(await head.closedAt(asked)).toEqual({ seq: '1', closedThrough: began });
      expect(await pid()).toEqual(before);
      expect(await subjects(asked)).toEqual(['user^first']); // the primary closes it
      expect(await head.seqAsOf(asked)).toBe('1');
    } finally {
      await dataSource.destroy();
    }
  });

  it('an export may close it up to a moment that has not come yet: up to now', async () => {
    await begin();
    const asked = await now();
    const { closedThrough } = await new LogHead(app.dataSource).closedAt('9999-01-01T00:00:00Z');
    expect(closedThrough >= asked && closedThrough <= (await now())).toBe(true);
  });
});
