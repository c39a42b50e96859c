import { InvalidInputError, MissingActorError, OutcomeUnknownError, runAs } from 'grantlog';
import type { AddressInfo } from 'node:net';
import { startApp, type TestApp } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';
import { atRest, letReadersRead, mayRead, operationsOf, reader, readerRule } from './support/facts';
import { gate, HireModule, userOfHeader } from './support/hiring-host';
import { untilSo } from './support/until';
import { Stranger } from './support/stranger';

describe('events tell the truth', () => {
  let database: TestDatabase;
  let app: TestApp;
  let stranger: Stranger;
  let address: string;
  beforeAll(async () => {
    database = await createDatabase();
    app = await startApp({
      url: database.url,
      imports: [HireModule],
      configure: (nest) => nest.use(userOfHeader),
    });
    await app.nest.listen(0, '127.0.0.1');
    address = `http://127.0.0.1:${(app.nest.getHttpServer().address() as AddressInfo).port}`;
    stranger = await Stranger.connect(database.url);
    await letReadersRead(app);
  });
  afterEach(() => stranger.release());
  afterAll(async () => {
    await stranger.end();
    await app.close();
    await database.drop();
  });

  const onlyRecordOf = async (name: string): Promise<object | undefined> => {
    await app.relay.drained();
    const { items } = await app.trail.find({ subject: `user^${name}` });
    expect(items).toHaveLength(1);
    return items[0];
  };

  async function expectNothing(name: string): Promise<void> {
    await atRest(app);
    expect(await app.assignments.find({ subject: `user^${name}` })).toEqual([]);
    expect(await operationsOf(app, name)).toEqual([]);
    expect(await mayRead(app, name)).toBe(false);
  }

  /** The pool learns that a connection is dead when it uses it. */
  const poolRecovered = (): Promise<void> =>
    untilSo(async () => {
      const answers = await Promise.allSettled(Array.from({ length: 10 }, () => app.dataSource.query('SELECT 1')));
      return answers.every(({ status }) => status === 'fulfilled');
    });

  describe('only of what is committed', () => {
    it('not when PostgreSQL turns COMMIT into ROLLBACK after an SQL error that the caller swallowed', async () => {
      await app.dataSource.transaction(async (manager) => {
        expect((await app.assignments.assign(reader('swallowed'), { manager })).changed).toBe(true);
        await expect(manager.query('SELECT 1 / 0')).rejects.toThrow('division by zero');
      });
      await expectNothing('swallowed');
    });

    it('not when a savepoint is released and the transaction around it rolls back', async () => {
      const work = app.dataSource.transaction(async (manager) => {
        await manager.transaction((inner) => app.assignments.assign(reader('released'), { manager: inner }));
        await atRest(app); // memory and relay have looked after the release
        expect(await mayRead(app, 'released')).toBe(false);
        expect(await operationsOf(app, 'released')).toEqual([]);
        throw new Error('after the release');
      });
      await expect(work).rejects.toThrow('after the release');
      await expectNothing('released');
    });

    it('not before a transaction of raw SQL, of which TypeORM knows nothing, commits', async () => {
      const runner = app.dataSource.createQueryRunner();
      await runner.query('BEGIN');
      await app.assignments.assign(reader('raw'), { manager: runner.manager });
      await atRest(app);
      expect(await mayRead(app, 'raw')).toBe(false);
      await runner.query('COMMIT');
      await runner.release();
      await atRest(app);
      expect(await mayRead(app, 'raw')).toBe(true);
      expect(await operationsOf(app, 'raw')).toEqual(['created']);
    });

    it.each([
      ['one assignment', (name: string) => app.assignments.assign(reader(name))],
      ["a batch of Casbin's", (name: string) => app.enforcer.addGroupingPolicies([readerRule(name)])],
    ])('not when the connection is killed in the middle: %s', async (kind, change) => {
      const name = `killed-${kind.length}`;
      await stranger.hold(`LOCK TABLE audit_outbox IN SHARE MODE`);
      const outcome = change(name).catch((error: unknown) => error);
      const [pid] = await stranger.waitForBlocked('%INSERT INTO casbin_rule%');
      await stranger.query('SELECT pg_terminate_backend($1)', [pid]);
      expect(await outcome).toBeInstanceOf(OutcomeUnknownError);
      await stranger.release();
      await poolRecovered();
      await expectNothing(name);
    });

    it("not when the connection is killed while a batch of Casbin's waits for its COMMIT", async () => {
      await app.records();
      await stranger.query(`
        CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER wait_here AFTER INSERT ON audit_outbox
          DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait_here()`);
      try {
        await stranger.hold('SELECT pg_advisory_xact_lock(1)');
        const outcome = app.enforcer.addGroupingPolicies([readerRule('uncertain')]).catch((error: unknown) => error);
        const [pid] = await stranger.waitForBlocked('COMMIT');
        await stranger.query('SELECT pg_terminate_backend($1)', [pid]);
        expect(await outcome).toBeInstanceOf(OutcomeUnknownError);
      } finally {
        await stranger.release();
        await stranger.query('DROP FUNCTION wait_here CASCADE');
      }
      await poolRecovered();
      await expectNothing('uncertain');
    });

    it("not when the connection is killed in the middle of the caller's transaction", async () => {
      const work = app.dataSource.transaction(async (manager) => {
        await app.assignments.assign(reader('killed-inside'), { manager });
        const [{ pid }] = await manager.query('SELECT pg_backend_pid() AS pid');
        await stranger.query('SELECT pg_terminate_backend($1)', [pid]);
        await app.assignments.assign(reader('killed-after'), { manager });
      });
      await expect(work).rejects.toThrow();
      await poolRecovered();
      await expectNothing('killed-inside');
      await expectNothing('killed-after');
    });
  });

  describe('also beside a connection that came back to the pool inside an open transaction', () => {
    let small: TestApp;
    beforeEach(async () => {
      small = await startApp({ url: database.url, poolSize: 1 });
    });
    afterEach(() => small.close());

    it('a call that commits by itself is not swallowed by it', async () => {
      const runner = small.dataSource.createQueryRunner();
      await runner.query('BEGIN');
      await runner.query('SELECT 1');
      await runner.release();
      await small.assignments.assign(reader('not-swallowed'));
      expect(await app.assignments.find({ subject: 'user^not-swallowed' })).toHaveLength(1);
      expect(await operationsOf(app, 'not-swallowed')).toEqual(['created']);
    });

    it('what was changed in it is never committed and never granted', async () => {
      const runner = small.dataSource.createQueryRunner();
      await runner.startTransaction();
      await small.assignments.assign(reader('abandoned'), { manager: runner.manager });
      await runner.release();
      await small.relay.drained();
      await atRest(small);
      expect(await mayRead(small, 'abandoned')).toBe(false);
      await expectNothing('abandoned');
    });
  });

  describe('with the actor as it was when the call was made', () => {
    it('although the database stalls and the context is another one when it answers', async () => {
      await stranger.hold('LOCK TABLE casbin_rule IN SHARE MODE');
      const calls = ['ann', 'bob', 'cleo'].map((name) =>
        runAs(`user^${name}`, () => app.assignments.assign(reader(`hired-by-${name}`)), { reason: `says ${name}` }),
      );
      const byNobody = app.assignments.assign(reader('hired-by-nobody'));
      await runAs('user^other', async () => {
        await stranger.waitForBlocked('%INSERT INTO casbin_rule%');
        await stranger.release();
        await Promise.all([...calls, byNobody]);
      });
      for (const name of ['ann', 'bob', 'cleo']) {
        const expected = { actor: `user^${name}`, reason: `says ${name}` };
        expect(await onlyRecordOf(`hired-by-${name}`)).toMatchObject(expected);
      }
      expect(await onlyRecordOf('hired-by-nobody')).toMatchObject({ actor: null, reason: null });
    });

    it('the innermost runAs counts, and the outer one again behind it', async () => {
      await runAs(
        'user^outer',
        async () => {
          await runAs('system^inner', () => app.assignments.assign(reader('nested-1')));
          await app.assignments.assign(reader('nested-2'));
          await app.assignments.assign(reader('nested-3'), { reason: 'own reason' });
        },
        { reason: 'nightly sync' },
      );
      expect(await onlyRecordOf('nested-1')).toMatchObject({ actor: 'system^inner', reason: null });
      expect(await onlyRecordOf('nested-2')).toMatchObject({ actor: 'user^outer', reason: 'nightly sync' });
      expect(await onlyRecordOf('nested-3')).toMatchObject({ actor: 'user^outer', reason: 'own reason' });
    });

    it.each(['ann', '', '^ann', 'user^', 'user^a\nb', `user^${'x'.repeat(255)}`])('never as %j', async (actor) => {
      expect(() => runAs(actor, () => app.assignments.assign(reader('malformed')))).toThrow(InvalidInputError);
      await expectNothing('malformed');
    });
  });

  describe('with the circumstances of their own request', () => {
    const hire = (name: string, headers: Record<string, string>): Promise<Response> =>
      fetch(`${address}/hire?name=${name}`, { method: 'POST', headers });

    const trustProxies = (hops: number | false): unknown =>
      app.nest.getHttpAdapter().getInstance().set('trust proxy', hops);

    it('although fifty of them are under way at once', async () => {
      trustProxies(1);
      gate.size = 50;
      const numbers = Array.from({ length: 50 }, (_, n) => n);
      const answers = await Promise.all(
        numbers.map((n) =>
          hire(`web-${n}`, {
            [n % 2 ? 'x-user' : 'x-guard-user']: `${n}`,
            'x-request-id': `request-${n}`,
            'x-forwarded-for': `10.0.0.${n}`,
            'user-agent': `agent ${n}`,
          }),
        ),
      );
      gate.size = 1;
      expect(answers.map(({ status }) => status)).toEqual(numbers.map(() => 201));
      expect(answers.map(({ headers }) => headers.get('x-request-id'))).toEqual(numbers.map((n) => `request-${n}`));
      for (const n of numbers) {
        expect(await onlyRecordOf(`web-${n}`)).toMatchObject({
          actor: `user^${n}`,
          requestId: `request-${n}`,
          sourceIp: `10.0.0.${n}`,
          userAgent: `agent ${n}`,
        });
      }
    });

    it.each([
      [false, '127.0.0.1'],
      [1, '10.0.0.2'],
    ] as const)('X-Forwarded-For counts exactly as far as proxies are trusted: %s', async (hops, sourceIp) => {
      trustProxies(hops);
      await hire(`proxy-${hops}`, { 'x-user': '1', 'x-forwarded-for': '10.0.0.1, 10.0.0.2' });
      expect(await onlyRecordOf(`proxy-${hops}`)).toMatchObject({ sourceIp });
    });

    it('a user set by a guard, after all middleware, is the actor', async () => {
      await hire('by-guard', { 'x-user': 'too-early', 'x-guard-user': 'in-time' });
      expect(await onlyRecordOf('by-guard')).toMatchObject({ actor: 'user^in-time' });
    });

    it('a request of nobody has no actor, and a user whose key is malformed changes nothing', async () => {
      expect((await hire('by-nobody', {})).status).toBe(201);
      expect(await onlyRecordOf('by-nobody')).toMatchObject({ actor: null });
      expect((await hire('by-malformed', { 'x-user': 'x'.repeat(255) })).status).not.toBe(201);
      await expectNothing('by-malformed');
    });
  });

  it("onMissingActor: 'reject' refuses what nobody does and changes nothing", async () => {
    const strict = await startApp({ url: database.url, grantlog: { onMissingActor: 'reject' } });
    await expect(strict.assignments.assign(reader('strict'))).rejects.toThrow(MissingActorError);
    await expect(strict.assignments.removeAll({ role: 'role^reader' })).rejects.toThrow(MissingActorError);
    await expect(strict.enforcer.addGroupingPolicy(...readerRule('strict'))).rejects.toThrow(MissingActorError);
    await expectNothing('strict');
    await runAs('user^boss', () => strict.assignments.assign(reader('strict')));
    expect(await onlyRecordOf('strict')).toMatchObject({ actor: 'user^boss' });
    await strict.close();
  });
});
