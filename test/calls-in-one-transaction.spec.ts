import type { EntityManager } from 'typeorm';
import { startApp, type TestApp } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';
import { reader, readerRule, rulesIn } from './support/facts';

describe("calls that are made at once in one caller's transaction", () => {
  let database: TestDatabase;
  let app: TestApp;
  let current: EntityManager | undefined;

  beforeEach(async () => {
    database = await createDatabase();
    app = await startApp({ url: database.url, grantlog: { transaction: () => current } });
    await app.assignments.assign([reader('known'), reader('fired')]);
  });
  afterEach(async () => {
    await app.close();
    await database.drop();
  });

  async function inTransaction<T>(calls: () => Promise<T>): Promise<T> {
    try {
      return await app.dataSource.transaction((manager) => {
        current = manager;
        return calls();
      });
    } finally {
      current = undefined;
    }
  }

  const names = async (): Promise<string[]> => (await rulesIn(app.dataSource)).map(([, subject = '']) => subject);

  it('a batch that does nothing takes nothing of its neighbours with it, at whatever moment they come', async () => {
    const { enforcer } = app;
    const turns = Array.from({ length: 12 }, (_, n) => n);
    const single = async (n: number): Promise<boolean> => {
      for (let wait = 0; wait < n; wait += 1) await Promise.resolve();
      return enforcer.addGroupingPolicy(...readerRule(`new-${n}`));
    };
    const answers = await inTransaction(() =>
      Promise.all([
        enforcer.addGroupingPolicies([readerRule('known'), readerRule('never')]),
        ...turns.map(single),
        enforcer.removeGroupingPolicy(...readerRule('fired')),
      ]),
    );
    expect(answers).toEqual([false, ...turns.map(() => true), true]);
    expect((await names()).sort()).toEqual(['user^known', ...turns.map((n) => `user^new-${n}`)].sort());
  });

  it('batches, updates and removals by filter all succeed, each as a whole', async () => {
    const { enforcer } = app;
    const answers = await inTransaction(() =>
      Promise.all([
        enforcer.addGroupingPolicies([readerRule('a'), readerRule('b')]),
        enforcer.addGroupingPolicies([readerRule('c'), readerRule('d')]),
        enforcer.updateGroupingPolicy(readerRule('known'), readerRule('e')),
        enforcer.removeGroupingPolicies([readerRule('fired'), readerRule('nobody')]),
        enforcer.removeFilteredGroupingPolicy(0, 'user^fired'),
      ]),
    );
    expect(answers).toEqual([true, true, true, false, true]);
    expect(await names()).toEqual(['a', 'b', 'c', 'd', 'e'].map((name) => `user^${name}`));
    await app.assignments.assign(reader('after')); // the connection came back to the pool as it should
    expect(await names()).toContain('user^after');
  });
});
