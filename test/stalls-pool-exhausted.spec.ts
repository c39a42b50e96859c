import { AsyncLocalStorage } from 'node:async_hooks';
import { NotConnectedError, OutcomeUnknownError } from 'grantlog';
import type { EntityManager, QueryRunner } from 'typeorm';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { atRest, letReadersRead, mayRead, reader, readerRule, rulesIn } from './support/facts';
import { expectLogIsTable } from './support/load';
import { untilSo } from './support/until';

const times = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const reasonOf = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

/** The part of pg-pool that tells how busy it is. */
interface Pool {
  readonly totalCount: number;
  readonly waitingCount: number;
}
const poolOf = ({ dataSource }: TestApp): Pool => (dataSource.driver as unknown as { master: Pool }).master;

describe('with an exhausted pool calls wait or fail clearly, and none is half done', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.create();
  });
  afterEach(() => cluster.end());

  /** Transactions of the host that hold every connection of the pool. */
  async function holdAll(app: TestApp, poolSize: number): Promise<QueryRunner[]> {
    const runners = times(poolSize).map(() => app.dataSource.createQueryRunner());
    await Promise.all(runners.map((runner) => runner.startTransaction()));
    return runners;
  }

  async function endAll(runners: readonly QueryRunner[]): Promise<void> {
    for (const runner of runners) await runner.rollbackTransaction();
    for (const runner of runners) await runner.release();
  }

  it('more callers than connections, each in a transaction of its own, all end: no change takes a second connection', async () => {
    const ambient = new AsyncLocalStorage<EntityManager>();
    const app = await cluster.start({ poolSize: 2, grantlog: { transaction: () => ambient.getStore() } });
    const work = times(40).map((n) =>
      app.dataSource.transaction((manager) =>
        ambient.run(manager, async () => {
          await manager.query('SELECT 1');
          await app.assignments.assign([reader(n), reader(`${n}-goes`)], { manager });
          await app.assignments.remove(reader(`${n}-goes`));
          await app.enforcer.addGroupingPolicies([readerRule(`${n}-a`), readerRule(`${n}-b`)]);
          await app.enforcer.updateGroupingPolicy(readerRule(`${n}-b`), readerRule(`${n}-c`));
          await app.assignments.removeAll({ subject: `user^${n}-a` });
        }),
      ),
    );
    await Promise.all(work);
    expect(await app.records()).toHaveLength(40 * 8);
    expect(await rulesIn(app.dataSource)).toHaveLength(40 * 2);
  });

  it('without a time limit, calls wait until a transaction of the host gives its connection back', async () => {
    const app = await cluster.start({ poolSize: 2 });
    await app.records();
    const runners = await holdAll(app, 2);
    let answered = 0;
    const calls = times(50).map((n) => app.assignments.assign(reader(n)).finally(() => (answered += 1)));
    const removal = app.assignments.removeAll({ subject: 'user^nobody' });
    const inside = await app.assignments.assign(reader('inside'), { manager: runners[0]?.manager });
    await untilSo(() => poolOf(app).waitingCount >= 2);
    expect({ inside: inside.changed, answered }).toEqual({ inside: true, answered: 0 });
    await endAll(runners);
    expect((await Promise.all(calls)).every(({ changed }) => changed)).toBe(true);
    expect(await removal).toMatchObject({ changed: false });
    expect(await app.records()).toHaveLength(50); // without the one that was rolled back
    await expectLogIsTable(app);
  });

  it('with a time limit, every call that got no connection says so at once, has changed nothing and may be repeated', async () => {
    const app = await cluster.start({ poolSize: 2, dataSource: { connectTimeoutMS: 300 } });
    await letReadersRead(app);
    await app.records();
    const runners = await holdAll(app, 2);
    const waitedFor = jest.spyOn(poolOf(app) as unknown as { connect(): void }, 'connect');
    const calls = [
      ...times(300).map((n) => app.assignments.assign(reader(n))),
      app.assignments.assign(times(300).map((n) => reader(`many-${n}`))),
      app.assignments.removeAll({ subject: 'user^0' }),
      app.enforcer.updateGroupingPolicy(readerRule(0), readerRule(1)),
      app.trail.find(),
    ];
    for (const error of await Promise.all(calls.map(reasonOf))) {
      expect(error).toBeInstanceOf(NotConnectedError);
      expect(error).not.toBeInstanceOf(OutcomeUnknownError);
      expect(error).toMatchObject({ code: 'NOT_CONNECTED', cause: { message: expect.stringContaining('timeout') } });
      expect(String(error)).toMatch(/timeout exceeded .*nothing was changed.*poolSize/);
    }
    // Two batches hold the 300: none of those calls asks the pool again by itself.
    expect(waitedFor.mock.calls.length).toBeLessThan(30);
    waitedFor.mockRestore();
    await endAll(runners);
    expect(await mayRead(app, 0)).toBe(false);
    expect(await app.records()).toHaveLength(1);
    await Promise.all(times(300).map((n) => app.assignments.assign(reader(n))));
    expect(await mayRead(app, 0)).toBe(true);
    await atRest(app);
    await expectLogIsTable(app);
  });

  it("a call in a host's transaction goes on while the others wait, and is recorded when it commits", async () => {
    const app = await cluster.start({ poolSize: 3, dataSource: { connectTimeoutMS: 300 } });
    const runners = await holdAll(app, 3);
    for (const [n, { manager }] of runners.entries()) await app.assignments.assign(reader(n), { manager });
    expect(await reasonOf(app.assignments.assign(reader('outside')))).toBeInstanceOf(NotConnectedError);
    for (const runner of runners) await runner.commitTransaction();
    for (const runner of runners) await runner.release();
    expect((await app.records()).map(({ subject }) => subject)).toEqual(['user^0', 'user^1', 'user^2']);
    await expectLogIsTable(app);
  });

  it.each([
    ['without a time limit', {}],
    ['with a time limit', { connectTimeoutMS: 300 }],
  ])(
    "%s, what another node revokes reaches memory while the host's transactions hold every connection",
    async (_, dataSource) => {
      const app = await cluster.start({ poolSize: 2, dataSource });
      const other = await cluster.start();
      await letReadersRead(other);
      await other.assignments.assign([reader('revoked'), reader('standing')]);
      await atRest(app, other);
      const runners = await holdAll(app, 2);
      await other.assignments.remove(reader('revoked'));
      try {
        await untilSo(async () => !(await mayRead(app, 'revoked')));
        expect(await mayRead(app, 'standing')).toBe(true);
      } finally {
        await endAll(runners);
      }
      await untilSo(async () => (await app.health.report()).status === 'green');
      await expectLogIsTable(app);
    },
  );
});
