import EventEmitter2 from 'eventemitter2';
import { type AuditRecord, Attempts, type RoleAssignment } from 'grantlog';
import { attemptsOf } from './support/attempts';
import { Cluster } from './support/cluster';
import { atRest, mayRead, letReadersRead, operationsOf, reader, rulesIn } from './support/facts';
import { KillableApp } from './support/killable-app';
import { Stranger } from './support/stranger';
import { until } from './support/until';

jest.setTimeout(60_000);

const attempts = { grantlog: { attempts: true } };
const namesOf = (records: readonly AuditRecord[]): string[] =>
  records.map(({ subject }) => subject.replace('user^', ''));
const refused = (name: string): RoleAssignment => ({ ...reader(name), role: 'no key' });
const failing = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

describe('attempts, whatever else happens,', () => {
  let cluster: Cluster;
  let stranger: Stranger;
  beforeEach(async () => {
    cluster = await Cluster.create();
  });
  afterEach(async () => {
    await stranger?.end();
    await cluster.end();
  });

  it('neither wait for a second connection inside a transaction nor take one from it', async () => {
    const app = await cluster.start({ ...attempts, poolSize: 1, dataSource: { connectTimeoutMS: 500 } });
    const work = app.dataSource.transaction(async (manager) => {
      await app.assignments.assign(reader('in'), { manager });
      await failing(app.assignments.assign(refused('refused'), { manager }));
      await failing(app.assignments.assign(reader('outside')));
      await manager.query('SELECT 1');
      throw new Error('taken back');
    });
    await expect(work).rejects.toThrow('taken back');
    const records = await attemptsOf(app);
    expect(records.map(({ subject, details }) => [subject, details.error?.code])).toEqual([
      ['user^refused', 'INVALID_INPUT'],
      ['user^outside', 'NOT_CONNECTED'],
      ['user^in', 'ROLLED_BACK'],
    ]);
  });

  it('are written before the app has closed', async () => {
    const app = await cluster.start(attempts);
    const tried = Array.from({ length: 1_200 }, (_, n) => failing(app.assignments.assign(refused(`closing-${n}`))));
    await Promise.all(tried);
    const work = app.dataSource.transaction(async (manager) => {
      await app.assignments.assign(reader('rolled-back'), { manager });
      throw new Error('taken back');
    });
    await expect(work).rejects.toThrow('taken back');
    await cluster.close(app);
    const names = namesOf(await (await cluster.start()).records());
    expect(names.filter((name) => name.startsWith('closing-'))).toHaveLength(1_200);
    expect(names).toContain('rolled-back');
  });

  it('lose with the process what was not written; nothing of an unfinished transaction is granted or told', async () => {
    stranger = await Stranger.connect(cluster.database.url);
    const before = await cluster.start(attempts);
    await cluster.close(before); // which leaves the tables
    const victim = new KillableApp(cluster.database.url, 'attempting');
    expect(JSON.parse(await victim.line())).toEqual({ waiting: 0, dropped: 0, lastError: null });
    await victim.kill();
    await stranger.waitUntilAlone();
    const app = await cluster.start(attempts);
    await letReadersRead(app);
    await atRest(app);
    expect(namesOf(await attemptsOf(app))).toEqual(['refused', 'rolled-back']);
    for (const name of ['refused', 'rolled-back', 'unfinished']) {
      expect(await operationsOf(app, name)).toEqual([]);
      expect(await mayRead(app, name)).toBe(false);
    }
  });

  it('do not wake the listeners of changes', async () => {
    const app = await cluster.start(attempts);
    const emitter = app.nest.get(EventEmitter2);
    const heard: [string, AuditRecord][] = [];
    for (const name of [
      'role_assignment.created',
      'role_assignment.*',
      'role_assignment.**',
      'role_assignment.created.failed',
    ]) {
      emitter.on(name, (record: AuditRecord) => heard.push([name, record]));
    }
    emitter.onAny((name, record: AuditRecord) => heard.push([`any ${String(name)}`, record]));
    await failing(app.assignments.assign(refused('deaf')));
    await attemptsOf(app);
    await app.assignments.assign(reader('loud'));
    await until(
      () => heard.filter(([, { subject }]) => subject === 'user^loud').length,
      (count) => count === 4,
    );
    const namesFor = (subject: string): string[] =>
      heard
        .filter(([, record]) => record.subject === subject)
        .map(([name]) => name)
        .sort();
    expect(namesFor('user^deaf')).toEqual([
      'any role_assignment.created.failed',
      'role_assignment.**',
      'role_assignment.created.failed',
    ]);
    expect(namesFor('user^loud')).toEqual([
      'any role_assignment.created',
      'role_assignment.*',
      'role_assignment.**',
      'role_assignment.created',
    ]);
  });

  it('with whatever input break nothing and stay small', async () => {
    const app = await cluster.start(attempts);
    const huge = 'x'.repeat(10_000_000);
    const broken = new Proxy([], { get: () => { throw new TypeError('no'); } }); // prettier-ignore
    const hostile: unknown[] = [
      { subject: huge, role: `user^${huge}`, scope: `${'\u{1F600}'.repeat(300)}` },
      { subject: 'user^a\u0000b', role: 'role^\uD800', scope: '\uDC00^x\u001B[31m' },
      { subject: 7, role: null, scope: { toString: () => 'x' } },
      { get subject(): string { throw new TypeError('no'); }, role: 'role^reader', scope: '*' }, // prettier-ignore
      null,
      'text',
      huge,
      [[['deep']]],
      [broken],
      broken,
      Array.from({ length: 99_999 }, (_, n) => reader(`many-${n}`)).concat(refused('last') as never),
    ];
    for (const assignments of hostile) {
      const error = await failing(app.assignments.assign(assignments as RoleAssignment));
      expect(error).toBeInstanceOf(Error);
      await failing(app.assignments.removeAll(assignments as RoleAssignment));
      await failing(app.enforcer.addNamedGroupingPolicy('g', ...([assignments, huge, '\0'] as string[])));
      await failing(app.enforcer.addPolicies(assignments as string[][]));
      app.nest.get(Attempts).denied('created', assignments as RoleAssignment, { reason: huge, error: new Error(huge) });
    }
    const records = await attemptsOf(app);
    expect((await app.health.report()).attempts).toEqual({ waiting: 0, dropped: 0, lastError: null });
    expect(records.length).toBeGreaterThan(hostile.length * 5);
    for (const { details, ...record } of records) {
      for (const text of [record.subject, record.role ?? '', record.scope ?? '', ...(details.rule ?? [])]) {
        expect([...text].length).toBeLessThanOrEqual(255);
        expect(text.isWellFormed()).toBe(true);
        expect(text).not.toMatch(/\p{Cc}/u);
      }
      expect(record.reason?.length ?? 0).toBeLessThanOrEqual(2_000);
      expect(details.error?.message.length).toBeLessThanOrEqual(500);
    }
    const many = records.filter(({ details }) => details.attempted === 100_000);
    expect(many.length % 100).toBe(0);
    expect(many.length).toBeGreaterThan(0);
    expect(
      records.filter(({ subject }) => subject === 'user^a\uFFFDb').map(({ role, scope }) => [role, scope]),
    ).toContainEqual(['role^\uFFFD', '\uFFFD^x\uFFFD[31m']);
    expect(await rulesIn(app.dataSource)).toEqual([]);
  });

  it('are dropped beyond ten thousand that wait, and health says so', async () => {
    const app = await cluster.start(attempts);
    stranger = await Stranger.connect(cluster.database.url);
    await stranger.hold('LOCK TABLE audit_outbox IN SHARE MODE');
    const service = app.nest.get(Attempts);
    const ids = Array.from({ length: 10_050 }, (_, n) => service.denied('created', reader(n)));
    expect(ids.filter((id) => id === undefined)).toHaveLength(50);
    expect(await failing(app.assignments.assign(refused('full')))).not.toHaveProperty('operationId');
    expect((await app.health.report()).attempts).toMatchObject({ waiting: 10_000, dropped: 51 });
    await stranger.release();
    await until(
      async () => (await app.health.report()).attempts?.waiting,
      (waiting) => waiting === 0,
    );
    expect(new Set((await attemptsOf(app)).map(({ operationId }) => operationId))).toEqual(
      new Set(ids.slice(0, 10_000)),
    );
    const health = await app.health.report();
    expect(health).toMatchObject({ status: 'yellow', attempts: { waiting: 0, dropped: 51, lastError: null } });
    expect(health.problems).toEqual([expect.stringContaining('51 attempts')]);
  });

  it('that the database refuses do not hold up the others', async () => {
    const app = await cluster.start(attempts);
    stranger = await Stranger.connect(cluster.database.url);
    await stranger.query(`ALTER TABLE audit_outbox ADD CONSTRAINT no_poison CHECK (subject NOT LIKE '%poison%')`);
    await Promise.all(['one', 'poison', 'two'].map((name) => failing(app.assignments.assign(refused(name)))));
    expect(namesOf(await attemptsOf(app)).sort()).toEqual(['one', 'two']);
    expect((await app.health.report()).attempts).toMatchObject({ waiting: 0, dropped: 1 });
  });
});
