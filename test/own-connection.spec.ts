import { type Model, newModelFromString } from 'casbin';
import { type Client, Pool } from 'pg';
import type { DataSourceOptions } from 'typeorm';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { connect } from './support/database';
import { atRest, letReadersRead, mayRead, reader, readerRule } from './support/facts';
import { scopedModel } from './support/models';
import { Stranger } from './support/stranger';
import { until, untilSo } from './support/until';

const priorityModel = (): Model =>
  newModelFromString(`[request_definition]
r = sub, act, scope
[policy_definition]
p = sub, act, scope, eft
[role_definition]
g = _, _, _
[policy_effect]
e = priority(p.eft) || deny
[matchers]
m = g(r.sub, p.sub, r.scope) && keyMatch(r.scope, p.scope) && r.act == p.act`);

/** A pool of another make than pg-pool, which does not tell how it makes its connections. */
class ReticentPool extends Pool {
  constructor(...options: ConstructorParameters<typeof Pool>) {
    super(...options);
    return new Proxy(this, {
      get: (pool, name) => {
        const value: unknown = name === 'Client' ? undefined : Reflect.get(pool, name, pool);
        return typeof value === 'function' ? (value.bind(pool) as unknown) : value;
      },
    });
  }
}

interface Situation {
  readonly model: () => Model;
  /** Of type `p`, by which readers read. */
  readonly rule: string[];
  readonly before?: (node: TestApp) => Promise<unknown>;
  /** Is done while callers hold the pool. */
  readonly during?: (writer: TestApp) => Promise<unknown>;
}

const poolOf = ({ dataSource }: TestApp): Pool => (dataSource.driver as unknown as { master: Pool }).master;

describe('the connection that a node has beside its pool', () => {
  let cluster: Cluster;
  let stranger: Stranger;
  beforeEach(async () => {
    cluster = await Cluster.create();
    stranger = await Stranger.connect(cluster.database.url);
  });
  afterEach(async () => {
    await stranger.end();
    await cluster.end();
  });

  /** Starts a node that sets the search_path on each of its connections. */
  async function startInTenant(): Promise<TestApp> {
    const extra = { onConnect: (client: Client) => client.query('SET search_path TO tenant') };
    return cluster.start({ dataSource: { migrationsRun: false, extra } });
  }

  it('sees the tables of the pool, also where connections are told of them and others of these names are near', async () => {
    await stranger.query('CREATE SCHEMA tenant');
    const url = new URL(cluster.database.url);
    url.searchParams.set('options', '-c search_path=tenant');
    await (await connect(url.href)).destroy(); // migrates
    const foreign = await cluster.start(); // in public
    const [left, right] = [await startInTenant(), await startInTenant()];
    await letReadersRead(left);
    await left.assignments.assign(reader('own'));
    await untilSo(() => mayRead(right, 'own'));

    await letReadersRead(foreign);
    await foreign.assignments.assign(reader('foreign'));
    await foreign.records();
    await left.dataSource.transaction((manager) => left.assignments.remove(reader('own'), { manager }));
    for (const node of [left, right]) {
      await node.enforcer.caughtUp();
      expect([await mayRead(node, 'own'), await mayRead(node, 'foreign')]).toEqual([false, false]);
      expect(await node.enforcer.getGroupingPolicy()).toEqual([]);
      expect(await node.health.report()).toMatchObject({ status: 'green' });
    }
    expect(await foreign.enforcer.getGroupingPolicy()).toEqual([readerRule('foreign')]);
  });

  it('is done without where the pool does not tell how to make one: the pool serves', async () => {
    const writer = await cluster.start();
    const driver = { ...jest.requireActual<object>('pg'), Pool: ReticentPool };
    const node = await cluster.start({ dataSource: { driver } as Partial<DataSourceOptions> });
    await letReadersRead(writer);
    const { token } = await writer.assignments.assign(reader('followed'));
    await node.enforcer.caughtUp(token);
    expect(await mayRead(node, 'followed')).toBe(true);
    await writer.assignments.remove(reader('followed'));
    await untilSo(async () => !(await mayRead(node, 'followed')));
    await untilSo(async () => (await node.health.report()).status === 'green');
  });

  const plain = { model: scopedModel, rule: ['role^reader', 'act^read', '*'] };
  const situations: Record<string, Situation> = {
    'memory that holds the table': plain,
    'memory in which the order of changed rules decides': {
      model: priorityModel,
      rule: ['role^reader', 'act^read', '*', 'allow'],
      during: (writer) => writer.enforcer.addPolicy('role^other', 'act^read', '*', 'allow'),
    },
    'memory that holds what a filter selects': {
      ...plain,
      before: (node) => node.enforcer.loadFilteredPolicy([{ ptype: 'p' }, { ptype: 'g' }]),
    },
  };

  it.each(Object.entries(situations))(
    'brings revocations to %s while callers hold the whole pool',
    async (_, { model, rule, before, during }) => {
      const writer = await cluster.start({ grantlog: { model: model() } });
      const node = await cluster.start({ poolSize: 2, grantlog: { model: model(), listeners: false } });
      await writer.enforcer.addPolicy(...rule);
      await writer.assignments.assign([reader('revoked'), reader('standing')]);
      await atRest(writer, node);
      await before?.(node);
      const runners = [node.dataSource.createQueryRunner(), node.dataSource.createQueryRunner()];
      await Promise.all(runners.map((runner) => runner.startTransaction()));
      try {
        await during?.(writer);
        await writer.assignments.remove(reader('revoked'));
        await untilSo(async () => !(await mayRead(node, 'revoked')));
        expect(await mayRead(node, 'standing')).toBe(true);
      } finally {
        for (const runner of runners) await runner.rollbackTransaction();
        for (const runner of runners) await runner.release();
      }
      await untilSo(async () => (await node.health.report()).status === 'green');
    },
  );

  /** Backends on which memory has looked, or other nodes are listened for: the pool's connections do neither. */
  async function ownBackends(): Promise<number[]> {
    const rows = await stranger.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()
         AND (query LIKE 'LISTEN%' OR query LIKE '%READ ONLY%audit_outbox%')`,
    );
    return rows.map(({ pid }) => pid);
  }

  const terminate = (pids: number[]): Promise<unknown> =>
    stranger.query('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid', [pids]);

  /** Connections of everybody but the pool of this node. */
  async function besidePool(node: TestApp): Promise<number> {
    const rows = await stranger.query(
      `SELECT FROM pg_stat_activity
       WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
    );
    return rows.length - poolOf(node).totalCount;
  }

  it('is one, however often it has been ended, and memory goes on', async () => {
    const node = await cluster.start();
    const writer = await cluster.start({ grantlog: { notifications: false, listeners: false } });
    await letReadersRead(writer);
    await cluster.close(writer);
    const ended = new Set<number>();
    while (ended.size < 30) {
      const pids = await until(ownBackends, (now) => now.some((pid) => !ended.has(pid)));
      await terminate(pids);
      for (const pid of pids) ended.add(pid);
    }
    await untilSo(async () => (await ownBackends()).filter((pid) => !ended.has(pid)).length === 1);
    await untilSo(async () => (await besidePool(node)) === 1);
    await node.dataSource.transaction((manager) => node.assignments.assign(reader('after'), { manager }));
    await node.enforcer.caughtUp();
    expect(await mayRead(node, 'after')).toBe(true);
    expect(await besidePool(node)).toBe(1);
  });

  it('ends with the app, also if it is just being made', async () => {
    const other = await cluster.start();
    await cluster.close(other);
    await stranger.waitUntilAlone();
    for (let n = 0; n < 5; n += 1) {
      const node = await cluster.start();
      await terminate(await until(ownBackends, ({ length }) => length > 0)); // it is made anew at once
      await cluster.close(node);
      await stranger.waitUntilAlone();
    }
  });
});
