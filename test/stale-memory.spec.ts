import { CachedEnforcer, Enforcer, SyncedEnforcer } from 'casbin';
import type { GrantlogOptions } from 'grantlog';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { letReadersRead, reader } from './support/facts';
import { untilSo } from './support/until';

/** A class of the host. */
class Deciding extends Enforcer {
  async decide(...request: string[]): Promise<unknown[]> {
    const [explained] = await super.enforceEx(...request);
    return [await super.enforce(...request), super.enforceSync(...request), explained];
  }
}

describe('memory that cannot follow the database for maxStaleness', () => {
  let cluster: Cluster;
  let app: TestApp;
  beforeEach(async () => (cluster = await Cluster.create()));
  afterEach(() => cluster.end());

  async function start(options: Partial<GrantlogOptions>): Promise<void> {
    app = await cluster.start({ grantlog: { maxStaleness: 1_000, ...options } });
    await letReadersRead(app);
    await app.assignments.assign(reader(1));
  }

  const isStale = async (): Promise<boolean> => (await app.health.report()).memory.stale;
  const blind = (): Promise<unknown> => app.dataSource.query('ALTER TABLE audit_head RENAME TO out_of_sight');
  const seeAgain = (): Promise<unknown> => app.dataSource.query('ALTER TABLE out_of_sight RENAME TO audit_head');

  const request = ['user^1', 'act^read', '*'];
  const matcher = 'g(r.sub, p.sub, r.scope) && r.act == p.act';
  const ask: Record<string, () => unknown> = {
    enforce: () => app.enforcer.enforce(...request),
    enforceSync: () => app.enforcer.enforceSync(...request),
    enforceWithSyncCompile: () => app.enforcer.enforceWithSyncCompile(...request),
    enforceWithMatcher: () => app.enforcer.enforceWithMatcher(matcher, ...request),
    enforceEx: async () => (await app.enforcer.enforceEx(...request))[0],
    enforceExSync: () => app.enforcer.enforceExSync(...request)[0],
    enforceExWithMatcher: async () => (await app.enforcer.enforceExWithMatcher(matcher, ...request))[0],
    batchEnforce: async () => (await app.enforcer.batchEnforce([request]))[0],
  };

  async function answers(): Promise<unknown[]> {
    return Promise.all(Object.values(ask).map((call) => call()));
  }

  it.each([
    ['Enforcer', Enforcer],
    ['SyncedEnforcer', SyncedEnforcer],
    ['CachedEnforcer', CachedEnforcer],
  ])('denies everything if the option says so, until it has caught up (%s)', async (_, enforcerClass) => {
    await start({ onStale: 'deny', enforcerClass });
    expect(await answers()).toEqual(Object.values(ask).map(() => true));
    await blind();
    await untilSo(isStale);
    expect(await answers()).toEqual(Object.values(ask).map(() => false));
    await seeAgain();
    await app.enforcer.caughtUp();
    expect(await answers()).toEqual(Object.values(ask).map(() => true));
  });

  it("also to a host's class that decides by Casbin's own calls", async () => {
    await start({ onStale: 'deny', enforcerClass: Deciding });
    const { enforcer } = app as unknown as { enforcer: Deciding };
    expect(await enforcer.decide(...request)).toEqual([true, true, true]);
    await blind();
    await untilSo(isStale);
    expect(await enforcer.decide(...request)).toEqual([false, false, false]);
    await seeAgain();
    await app.enforcer.caughtUp();
    expect(await enforcer.decide(...request)).toEqual([true, true, true]);
  });

  it("knows every call of Casbin's that decides", () => {
    const deciding = new Set<string>();
    for (
      let from: object = CachedEnforcer.prototype;
      from !== Object.prototype;
      from = Object.getPrototypeOf(from) as object
    ) {
      for (const name of Object.getOwnPropertyNames(from)) if (/^(batch)?enforce/i.test(name)) deciding.add(name);
    }
    expect([...deciding].sort()).toEqual(Object.keys(ask).sort());
  });

  it('answers from what it knows otherwise; health is red and says why, until it has caught up', async () => {
    await start({});
    await blind();
    await untilSo(isStale);
    expect(await app.enforcer.enforce(...request)).toBe(true);
    const report = await app.health.report();
    expect(report.status).toBe('red');
    expect(report.problems.join()).toMatch(/Memory has not followed the database for \d+ ms: .*audit_head/);
    await expect(app.enforcer.caughtUp(undefined, { timeout: 50 })).rejects.toThrow('audit_head');
    await seeAgain();
    await app.enforcer.caughtUp();
    expect((await app.health.report()).memory).toMatchObject({ stale: false, lastError: null });
  });
});
