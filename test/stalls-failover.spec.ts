import { type GrantlogOptions, ReadOnlyError } from 'grantlog';
import { Client } from 'pg';
import { startApp, type TestApp } from './support/app';
import { atRest, letReadersRead, mayRead, reader, readerRule, rulesIn } from './support/facts';
import { expectAllHeard, expectLogIsTable, expectNothingHalfDone, Heard, Load } from './support/load';
import { OwnServer, type Replica } from './support/own-server';
import { Stranger } from './support/stranger';
import { untilSo } from './support/until';

const times = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const reasonOf = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);
const pool = { poolSize: 6, dataSource: { extra: { idleTimeoutMillis: 0 } } };

jest.setTimeout(60_000); // servers are made, copied and started again

describe('a failover to another server is survived without a restart of the app', () => {
  let primary: OwnServer;
  let replica: Replica;
  const apps: TestApp[] = [];
  const strangers: Stranger[] = [];
  beforeEach(async () => {
    primary = await OwnServer.start();
    replica = await primary.replica();
    await startApp({ url: primary.url }).then((app) => app.close()); // migrates
  });
  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close().catch(() => undefined)));
    await Promise.all(strangers.splice(0).map((stranger) => stranger.end().catch(() => undefined)));
    await Promise.all([replica.feed.end(), replica.server.end(), primary.end()]);
  });

  async function start(heard?: Heard, options: Partial<GrantlogOptions> = {}): Promise<TestApp> {
    const listeners = heard ? { emitter: heard.emitter } : false;
    const app = await startApp({ url: primary.url, ...pool, grantlog: { listeners, ...options } });
    apps.push(app);
    return app;
  }

  async function stranger(url: string): Promise<Stranger> {
    const connected = await Stranger.connect(url);
    connected.client.on('error', () => undefined);
    strangers.push(connected);
    return connected;
  }

  /** Makes the replica a primary. */
  async function promote(): Promise<void> {
    await (await stranger(replica.server.directUrl)).query('SELECT pg_promote()');
  }

  /** Resolves when the replica has everything. */
  async function caughtUp(): Promise<void> {
    const [from, to] = [await stranger(primary.directUrl), await stranger(replica.server.directUrl)];
    const [here] = await from.query<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn');
    await untilSo(async () => {
      const [there] = await to.query<{ done: boolean }>('SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS done', [
        here?.lsn,
      ]);
      return there?.done ?? false;
    });
    for (const one of strangers.splice(0)) await one.end();
  }

  /** Opens as many connections as the pool may have, to wherever the address leads now. */
  async function fillPool(app: TestApp): Promise<void> {
    const runners = times(pool.poolSize).map(() => app.dataSource.createQueryRunner());
    await Promise.all(runners.map((runner) => runner.connect()));
    await Promise.all(runners.map((runner) => runner.release()));
  }

  it('under load, with synchronous replication: nothing is half done, and what was answered is there', async () => {
    const heard = [new Heard(), new Heard()] as const;
    const [left, right] = [await start(heard[0]), await start(heard[1])];
    const old = await stranger(primary.directUrl);
    await old.query(`ALTER SYSTEM SET synchronous_standby_names = 'replica'`);
    await old.query('SELECT pg_reload_conf()');
    await untilSo(
      async () => (await old.query(`SELECT FROM pg_stat_replication WHERE sync_state = 'sync'`)).length > 0,
    );
    const load = new Load([left, right]);
    await load.goesOn();
    primary.kill();
    primary.address.lead(replica.server.port); // some connections reach it while it takes no changes
    primary.address.cut();
    await untilSo(() => load.faults.some((fault) => fault instanceof ReadOnlyError));
    await promote();
    await load.goesOn();
    await load.end();
    await expectNothingHalfDone(load, [left, right]);
    await expectAllHeard(left, ...heard);
    for (const app of [left, right]) await untilSo(async () => (await app.health.report()).status === 'green');
  });

  it.each([
    ['with notifications', true],
    ['without notifications', false],
  ])('%s, connections that lead to a replica are given up as they refuse a change', async (_, notifications) => {
    const app = await start(undefined, { notifications });
    await letReadersRead(app);
    await app.assignments.assign(reader('standing'));
    await app.records();
    await caughtUp();
    const there = await stranger(replica.server.directUrl);
    const connects = jest.spyOn(Client.prototype, 'connect');
    primary.address.lead(replica.server.port);
    primary.address.cut();
    // Memory too has tried to get its connection beside the pool back; the pool gives connect() a callback.
    await untilSo(() => connects.mock.calls.some((parameters: readonly unknown[]) => parameters.length === 0));
    connects.mockRestore();
    await fillPool(app);
    const refused = await reasonOf(app.assignments.assign(reader('refused')));
    expect(refused).toBeInstanceOf(ReadOnlyError);
    expect(refused).toMatchObject({ code: 'READ_ONLY', cause: { code: '25006' } });
    expect(String(refused)).toContain('read-only transaction');
    expect(
      await reasonOf(app.enforcer.updateGroupingPolicy(readerRule('standing'), readerRule('other'))),
    ).toBeInstanceOf(ReadOnlyError);
    expect(await reasonOf(app.assignments.removeAll({ subject: 'user^standing' }))).toBeInstanceOf(ReadOnlyError);
    expect([await mayRead(app, 'standing'), await mayRead(app, 'refused')]).toEqual([true, false]);
    await expect(app.relay.drained()).rejects.toBeInstanceOf(ReadOnlyError);
    expect(await app.health.report()).toMatchObject({ status: 'red' });
    await fillPool(app);
    primary.address.lead(primary.port); // what is open goes on leading to the replica
    await untilSo(() =>
      app.assignments.assign(reader('again')).then(
        () => true,
        () => false,
      ),
    );
    expect((await app.records()).map(({ subject }) => subject)).toEqual(['role^reader', 'user^standing', 'user^again']);
    await there.waitUntilAlone(); // nor does anything read there any more
    await untilSo(async () => (await app.health.report()).status === 'green');
  });

  it('what the lost server had not passed on is forgotten by memory, which follows the new one', async () => {
    const [left, right] = [await start(), await start()];
    await letReadersRead(left);
    await left.assignments.assign([reader('standing'), reader('revoked')]);
    await atRest(left, right);
    await left.records();
    await caughtUp();
    await replica.feed.close();
    for (const n of times(20)) await left.assignments.assign(reader(`lost-${n}`));
    await left.assignments.remove(reader('revoked'));
    await untilSo(async () => (await mayRead(right, 'lost-19')) && !(await mayRead(right, 'revoked')));
    await promote();
    primary.kill();
    primary.address.lead(replica.server.port);
    primary.address.cut();
    await untilSo(() =>
      left.assignments.remove(reader('standing')).then(
        () => true,
        () => false,
      ),
    );
    for (const app of [left, right]) {
      await untilSo(async () => !(await mayRead(app, 'standing')));
      await untilSo(async () => !(await mayRead(app, 'lost-0')));
      await untilSo(() => mayRead(app, 'revoked'));
    }
    await left.assignments.remove(reader('revoked'));
    await untilSo(async () => !(await mayRead(right, 'revoked')));
    await atRest(left, right);
    const table = (await rulesIn(left.dataSource)).filter(([ptype]) => ptype === 'g').map(([, ...rule]) => rule.join());
    for (const app of [left, right]) {
      expect((await app.enforcer.getGroupingPolicy()).map((rule) => rule.join()).sort()).toEqual(table.sort());
    }
    await expectLogIsTable(left);
  });

  it('what the new server commits is recorded, although the lost one had given the same ids to what it did not pass on', async () => {
    const app = await start();
    await app.assignments.assign(reader('standing'));
    await app.records();
    await caughtUp();
    await replica.feed.close();
    for (const n of times(100)) await app.assignments.assign(reader(`lost-${n}`));
    expect(await app.records()).toHaveLength(101);
    await promote();
    primary.kill();
    primary.address.lead(replica.server.port);
    primary.address.cut();
    await untilSo(() =>
      app.assignments.assign(reader('new')).then(
        () => true,
        () => false,
      ),
    );
    await app.assignments.remove(reader('standing'));
    await expectLogIsTable(app);
  });
});
