import { ReadOnlyError } from 'grantlog';
import { Client } from 'pg';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { atRest, letReadersRead, mayRead, reader, readerRule } from './support/facts';
import { expectLogIsTable } from './support/load';
import { Stranger } from './support/stranger';
import { untilSo } from './support/until';

const times = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const reasonOf = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);
const poolSize = 6;

describe('while the database is read-only changes are refused as a whole, and go on when it can be written again', () => {
  let cluster: Cluster;
  let left: TestApp;
  let right: TestApp;
  let stranger: Stranger;
  beforeEach(async () => {
    cluster = await Cluster.create();
    const extra = { idleTimeoutMillis: 0 }; // no connection goes by itself
    left = await cluster.start({ poolSize, dataSource: { extra } });
    right = await cluster.start({ poolSize, dataSource: { extra } });
    stranger = await Stranger.connect(cluster.database.url);
    await letReadersRead(left);
    await left.assignments.assign(reader('standing'));
    await atRest(left, right);
    await left.records();
  });
  afterEach(async () => {
    await stranger.end();
    await cluster.end();
  });

  /** Every connection of the pools is one that will be read-only as long as it lives. */
  async function becomeReadOnly(): Promise<void> {
    await stranger.query(`ALTER DATABASE ${cluster.database.name} SET default_transaction_read_only = on`);
    await stranger.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    for (const app of [left, right]) await fillPool(app);
  }

  async function fillPool({ dataSource }: TestApp): Promise<void> {
    await untilSo(async () => {
      const runners = times(poolSize).map(() => dataSource.createQueryRunner());
      const answers = await Promise.all(
        runners.map((runner) => reasonOf(runner.query('SHOW default_transaction_read_only'))),
      );
      await Promise.all(runners.map((runner) => runner.release()));
      return answers.every((answer) => JSON.stringify(answer).includes('"on"'));
    });
  }

  async function becomeWritable(): Promise<void> {
    for (const app of [left, right]) await fillPool(app);
    await stranger.query(`ALTER DATABASE ${cluster.database.name} RESET default_transaction_read_only`);
  }

  const tries = (app: TestApp): [string, () => Promise<unknown>][] => [
    ['assign', () => app.assignments.assign(reader('refused'))],
    ['assign many', () => app.assignments.assign(times(300).map((n) => reader(`refused-${n}`)))],
    ['remove', () => app.assignments.remove(reader('standing'))],
    ['removeAll', () => app.assignments.removeAll({ subject: 'user^standing' })],
    ['update', () => app.enforcer.updateGroupingPolicy(readerRule('standing'), readerRule('refused'))],
    ['deleteUser', () => app.enforcer.deleteUser('user^standing')],
    ['relay', () => app.relay.drained()],
  ];

  it('every call is told so; reading and deciding go on', async () => {
    await becomeReadOnly();
    for (const [call, make] of tries(left)) {
      const error = await reasonOf(make());
      expect({ call, error }).toEqual({ call, error: expect.any(ReadOnlyError) });
      expect(error).toMatchObject({ code: 'READ_ONLY', cause: { code: '25006' } });
    }
    expect(String(await reasonOf(left.assignments.assign(reader('refused'))))).toMatch(
      /read-only transaction.*nothing was changed/,
    );
    const inside = left.dataSource.transaction((manager) => left.assignments.assign(reader('refused'), { manager }));
    expect(await reasonOf(inside)).toMatchObject({ code: '25006' }); // in a host's transaction as PostgreSQL says it
    expect([await mayRead(left, 'standing'), await mayRead(left, 'refused')]).toEqual([true, false]);
    expect((await left.trail.find({ subject: 'user^standing' })).items).toHaveLength(1);
    await untilSo(async () => (await left.health.report()).status === 'red');
    await becomeWritable();
  });

  it('calls that share a statement are told by it, and do not each try for themselves', async () => {
    await becomeReadOnly();
    const connects = jest.spyOn(Client.prototype, 'connect');
    const errors = await Promise.all(times(300).map((n) => reasonOf(left.assignments.assign(reader(n)))));
    const made = connects.mock.calls.length;
    connects.mockRestore();
    for (const error of errors) expect(error).toBeInstanceOf(ReadOnlyError);
    expect(made).toBeLessThan(20);
    await becomeWritable();
  });

  it('afterwards no connection is left behind: changes, recording, memory and listeners go on in every node', async () => {
    await becomeReadOnly();
    await reasonOf(left.assignments.assign(reader('refused')));
    await becomeWritable();
    for (const app of [left, right]) {
      await untilSo(() =>
        app.assignments.assign(reader('again')).then(
          () => true,
          () => false,
        ),
      );
    }
    await untilSo(async () => {
      const answers = await Promise.all(
        times(2 * poolSize).map((n) => reasonOf(left.assignments.assign(reader(`after-${n}`)))),
      );
      return answers.every((answer) => !(answer instanceof Error));
    });
    await atRest(left, right);
    for (const app of [left, right]) {
      expect([await mayRead(app, 'after-0'), await mayRead(app, 'refused')]).toEqual([true, false]);
      await untilSo(async () => (await app.health.report()).status === 'green');
    }
    await left.assignments.remove(reader('standing'));
    await untilSo(async () => !(await mayRead(right, 'standing')));
    await expectLogIsTable(left);
  });
});
