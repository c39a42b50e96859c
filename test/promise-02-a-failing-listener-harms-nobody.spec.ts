import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventEmitter2 as HostEmitter2, OnEvent } from '@nestjs/event-emitter';
import EventEmitter2 from 'eventemitter2';
import { type AuditRecord, type ListenerOptions, OutboxRelay, RoleAssignments } from 'grantlog';
import { type TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { until } from './support/until';

const anEvent = 'role_assignment.*';
const assignment = (user: number | string) => ({ subject: `user^${user}`, role: 'role^reader', scope: 'lib^one' });
const seqs = (records: readonly AuditRecord[]) => records.map(({ seq }) => seq);
const upTo = (last: number) => Array.from({ length: last }, (_, at) => String(at + 1));

interface FollowerRow {
  readonly seq: string;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly pause: number;
}

const cursorBlocked = `
  SELECT pid FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%UPDATE audit_follower%'`;

const wildcard = () => new EventEmitter2({ wildcard: true });
const hear = (emitter: EventEmitter2, listener: (record: AuditRecord) => unknown) => emitter.on(anEvent, listener);

describe('a failing handler or listener harms nobody', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.create();
  });
  afterEach(() => cluster.end());

  /** A node whose listeners are on an emitter of their own, and which is known as a follower. */
  async function listening(emitter: EventEmitter2, options: Omit<ListenerOptions, 'emitter'> = {}): Promise<TestApp> {
    const app = await cluster.start({ grantlog: { listeners: { emitter, backoff: 1, ...options } } });
    await followed(app);
    return app;
  }

  const followed = (app: TestApp) =>
    until(
      () => app.followers.health(),
      ([follower]) => follower !== undefined,
    );

  const settled = (app: TestApp, seq: number) => place(app, (follower) => follower.seq === String(seq));

  const place = (app: TestApp, right: (follower: FollowerRow) => boolean) =>
    until(() => app.followers.settled().then(() => row(app)), right);

  async function row(app: TestApp): Promise<FollowerRow> {
    const [follower] = await app.dataSource.query<FollowerRow[]>(
      `SELECT seq, attempts, last_error, extract(epoch FROM next_attempt_at - clock_timestamp())::float8 AS pause
       FROM audit_follower`,
    );
    if (!follower) throw new Error('There is no follower.');
    return follower;
  }

  it('a recorder that fails is retried until everything is recorded, in order and once', async () => {
    const app = await cluster.start();
    await app.dataSource.query(`
      CREATE TABLE recorder (broken boolean NOT NULL);
      INSERT INTO recorder VALUES (true);
      CREATE FUNCTION break_recorder() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF (SELECT broken FROM recorder) THEN RAISE EXCEPTION 'the disk of the log is full'; END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER broken BEFORE INSERT ON audit_record FOR EACH ROW EXECUTE FUNCTION break_recorder()`);
    await app.enforcer.addPolicy('role^reader', 'act^read', '*');
    const first = await app.assignments.assign([1, 2, 3].map(assignment));
    const second = await app.assignments.remove(assignment(2));
    expect([first.changed, second.changed]).toEqual([true, true]);
    expect(await app.enforcer.enforce('user^1', 'act^read', 'lib^one')).toBe(true);
    expect(await app.enforcer.enforce('user^2', 'act^read', 'lib^one')).toBe(false);
    await until(
      () => app.relay.health(),
      ({ failures }) => failures >= 3,
    );
    const sick = await app.health.report();
    expect(sick).toMatchObject({ status: 'red', outbox: { depth: 5 }, recording: { failures: expect.any(Number) } });
    expect(sick.problems.join()).toContain('the disk of the log is full');
    await expect(app.relay.drained()).rejects.toThrow('the disk of the log is full');
    expect((await app.trail.find()).items).toEqual([]);

    await app.dataSource.query(`UPDATE recorder SET broken = false`);
    await until(
      () => app.health.report(),
      ({ outbox }) => outbox.depth === 0,
    );
    const records = await app.records();
    expect(seqs(records)).toEqual(upTo(5));
    expect(records.slice(1).map(({ id }) => id)).toEqual([...first.events, ...second.events].map(({ id }) => id));
    await until(
      () => app.health.report(),
      ({ status }) => status === 'green',
    );
  });

  it('listeners of @nestjs/event-emitter hear created and deleted in order, by name, wildcard and onAny', async () => {
    const heard: [string, AuditRecord][] = [];
    @Injectable()
    class HostListener {
      @OnEvent('role_assignment.created', { suppressErrors: false })
      created(record: AuditRecord) {
        heard.push(['created', record]);
      }
      @OnEvent('role_assignment.deleted', { suppressErrors: false })
      async deleted(record: AuditRecord) {
        heard.push(['deleted', record]);
      }
      @OnEvent('role_assignment.*', { suppressErrors: false })
      either(record: AuditRecord) {
        heard.push(['*', record]);
      }
    }
    const app = await cluster.start({ providers: [HostListener] });
    const emitter = app.nest.get(HostEmitter2);
    emitter.onAny((type: string | string[], record: AuditRecord) => heard.push([`any ${String(type)}`, record]));
    await followed(app);
    const { events: assigned } = await app.assignments.assign([assignment(1), assignment(2)]);
    const { events: removed } = await app.assignments.remove(assignment(1));
    const records = await app.records();
    await settled(app, 3);
    const by = (name: string) => heard.flatMap(([listener, record]) => (listener === name ? [record] : []));
    expect(by('created').map(({ id }) => id)).toEqual(assigned.map(({ id }) => id));
    expect(by('deleted').map(({ id }) => id)).toEqual(removed.map(({ id }) => id));
    expect(by('*')).toEqual(records);
    expect([...by('any role_assignment.created'), ...by('any role_assignment.deleted')]).toEqual(records);
    expect(seqs(records)).toEqual(upTo(3));
  });

  it('an emitter given by option is used instead of the one of @nestjs/event-emitter', async () => {
    const bare = new EventEmitter2();
    const heard: AuditRecord[] = [];
    bare.on('role_assignment.created', (record: AuditRecord) => heard.push(record));
    const app = await listening(bare);
    app.nest.get(HostEmitter2).on(anEvent, () => {
      throw new Error('is not asked');
    });
    await app.assignments.assign(assignment(1));
    const records = await app.records();
    expect((await settled(app, 1)).last_error).toBeNull();
    expect(heard).toEqual(records);
  });

  it.each([
    ['throws', () => undefined as never],
    ['rejects', () => Promise.reject(new Error('no thanks'))],
    ['hangs', () => new Promise<never>(() => undefined)],
  ])('a listener that %s is retried and its record parked; the others hear every record once', async (way, fail) => {
    const emitter = wildcard();
    const heard: AuditRecord[] = [];
    const taken: AuditRecord[] = [];
    let calls = 0;
    let refusing = true;
    hear(emitter, (record) => heard.push(record));
    hear(emitter, (record) => {
      if (record.seq === '2' && refusing) {
        calls += 1;
        if (way === 'throws') throw new Error('no thanks');
        return fail();
      }
      taken.push(record);
      return undefined;
    });
    hear(emitter, async (record) => heard.push(record));
    const app = await listening(emitter, { maxAttempts: 3, timeLimit: 100 });
    const said = way === 'hangs' ? 'did not settle within 100 ms' : 'no thanks';
    expect((await app.assignments.assign([1, 2, 3].map(assignment))).changed).toBe(true);
    const records = await app.records();
    await settled(app, 3);
    expect(calls).toBe(3);
    expect(seqs(heard)).toEqual(['1', '1', '2', '2', '3', '3']);
    expect(seqs(taken)).toEqual(['1', '3']);
    const health = await app.health.report();
    expect(health).toMatchObject({ status: 'yellow', parked: 1, followers: [{ lag: 0, parked: 1 }] });

    const { items } = await app.followers.parked();
    expect(items).toMatchObject([{ seq: '2', eventId: records[1]?.id, attempts: 3, type: 'role_assignment.created' }]);
    expect(items[0]?.lastError).toContain(said);
    const id = items[0]?.id ?? '';
    expect(await app.followers.retry(id)).toEqual({ delivered: false, error: expect.stringContaining(said) });
    expect((await app.followers.parked()).items).toMatchObject([{ id, attempts: 4 }]);
    refusing = false;
    expect(await app.followers.retry(id)).toEqual({ delivered: true, error: null });
    expect(seqs(taken)).toEqual(['1', '3', '2']);
    expect((await app.followers.parked()).items).toEqual([]);
    await expect(app.followers.retry(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await app.health.report()).status).toBe('green');
  });

  it('an attempt is counted before it begins, and each failure doubles the pause', async () => {
    const emitter = wildcard();
    const counted: number[] = [];
    hear(emitter, async () => {
      counted.push((await row(app)).attempts);
      throw new Error('not now');
    });
    const app = await listening(emitter, { backoff: 60_000 });
    await app.assignments.assign(assignment(1));
    await app.records();
    for (const [attempts, atLeast] of [
      [1, 30],
      [2, 90],
      [3, 180],
    ] as const) {
      expect(await place(app, ({ pause }) => pause > atLeast)).toMatchObject({
        attempts,
        last_error: expect.stringContaining('not now'),
      });
      await app.followers.settled(); // not due: nobody is called
      expect(counted).toHaveLength(attempts);
      await app.dataSource.query(`UPDATE audit_follower SET next_attempt_at = clock_timestamp()`);
    }
    expect(counted).toEqual([1, 2, 3]);
  });

  it('of two nodes one delivers each record, and the other goes on when it is closed', async () => {
    const heard: [number, string][] = [];
    const wildcards = [wildcard(), wildcard()] as const;
    wildcards.forEach((emitter, node) => hear(emitter, ({ seq }) => heard.push([node, seq])));
    const nodes = [await listening(wildcards[0]), await listening(wildcards[1])];
    for (let user = 1; user <= 20; user++) await nodes[user % 2]?.assignments.assign(assignment(user));
    await until(
      () => heard.length,
      (count) => count >= 20,
    );
    expect(heard.map(([, seq]) => seq)).toEqual(upTo(20));
    const holder = heard.at(-1)?.[0] ?? 0;
    const [first, second] = [nodes[holder], nodes[1 - holder]];
    if (!first || !second) throw new Error('There are two nodes.');
    await cluster.close(first);
    await second.assignments.assign([21, 22, 23].map(assignment));
    await until(
      () => heard.length,
      (count) => count >= 23,
    );
    expect(heard.map(([, seq]) => seq)).toEqual(upTo(23));
    expect(heard.slice(20).map(([node]) => node)).toEqual([1 - holder, 1 - holder, 1 - holder]);
  });

  it('a follower goes on where it stood: a restart neither misses nor repeats a record', async () => {
    const emitter = wildcard();
    const heard: AuditRecord[] = [];
    hear(emitter, (record) => heard.push(record));
    const app = await listening(emitter);
    await app.assignments.assign([1, 2].map(assignment));
    await app.records();
    await settled(app, 2);
    await cluster.close(app);
    const deaf = await cluster.start({ grantlog: { listeners: false } });
    await deaf.assignments.assign([3, 4].map(assignment));
    await deaf.records();
    expect(heard).toHaveLength(2);
    await settled(await listening(emitter), 4);
    expect(seqs(heard)).toEqual(upTo(4));
  });

  it('what is committed while the app starts is heard by the listeners that are attached later', async () => {
    const heard: AuditRecord[] = [];
    @Injectable()
    class Importer implements OnModuleInit {
      constructor(
        private readonly assignments: RoleAssignments,
        private readonly relay: OutboxRelay,
      ) {}
      async onModuleInit() {
        await this.assignments.assign([1, 2].map(assignment));
        await this.relay.drained();
      }
      @OnEvent('role_assignment.created', { suppressErrors: false })
      created(record: AuditRecord) {
        heard.push(record);
      }
    }
    const app = await cluster.start({ providers: [Importer] });
    await app.assignments.assign(assignment(3));
    await app.records();
    await until(
      () => app.followers.health(),
      ([follower]) => follower?.lag === 0,
    );
    expect(seqs(heard)).toEqual(upTo(3));
  });

  it('a record whose turn has come when the app is closed is delivered after the restart, not parked', async () => {
    const emitter = wildcard();
    const heard: AuditRecord[] = [];
    const app = await listening(emitter, { maxAttempts: 1 });
    const blocker = app.dataSource.createQueryRunner();
    const blocked = new Promise<void>((resolve, reject) => {
      hear(emitter, async (record) => {
        heard.push(record);
        if (record.seq !== '1') return;
        await blocker.startTransaction(); // the cursor cannot move before this ends
        await blocker.query(`SELECT FROM audit_follower FOR UPDATE`).then(() => resolve(), reject);
      });
    });
    await app.assignments.assign([1, 2].map(assignment));
    await blocked;
    await until(
      () => app.dataSource.query(cursorBlocked),
      (waiting: unknown[]) => waiting.length > 0,
    );
    const stopped = app.followers.stop();
    await blocker.commitTransaction();
    await blocker.release();
    await stopped;
    await cluster.close(app);
    const again = await listening(emitter, { maxAttempts: 1 });
    await settled(again, 2);
    expect((await again.followers.parked()).items).toEqual([]);
    expect(seqs(heard)).toEqual(upTo(2));
  });
});
