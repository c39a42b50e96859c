import { Logger } from '@nestjs/common';
import type { WatcherEx } from 'casbin';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { letReadersRead, mayRead, reader, readerRule } from './support/facts';
import { untilSo } from './support/until';

describe("Casbin's watchers", () => {
  let cluster: Cluster;
  let app: TestApp;
  /** What the watcher was told, and whether memory showed the assignment of `user^1` at that moment. */
  let told: [call: string, shown: boolean][];
  let callback: () => unknown;
  beforeEach(async () => {
    cluster = await Cluster.create();
    app = await cluster.start();
    await letReadersRead(app);
    told = [];
  });
  afterEach(() => cluster.end());

  const tell =
    (call: string) =>
    async (...given: unknown[]): Promise<never> => {
      const text = given.some((one) => typeof one === 'object' && !Array.isArray(one)) ? '' : JSON.stringify(given);
      told.push([`${call}${text}`, await mayRead(app, 1)]);
      return undefined as never;
    };
  const plain = {
    setUpdateCallback: (given: () => unknown): void => void (callback = given),
    update: tell('update'),
  };
  const detailed: WatcherEx = {
    updateForAddPolicy: tell('add'),
    updateForAddPolicies: tell('addAll'),
    updateForRemovePolicy: tell('remove'),
    updateForRemovePolicies: tell('removeAll'),
    updateForRemoveFilteredPolicy: tell('removeFiltered'),
    updateForSavePolicy: tell('save'),
  };
  const hear = (count: number): Promise<void> => untilSo(() => told.length >= count);

  it('hear of a change when it is committed and in memory', async () => {
    app.enforcer.setWatcher(plain);
    await app.assignments.assign(reader(1));
    await hear(1);
    await app.enforcer.removeGroupingPolicy(...readerRule(1));
    await hear(2);
    expect(told).toEqual([
      ['update[]', true],
      ['update[]', false],
    ]);
  });

  it("hear of a caller's transaction after its outermost commit, and of nothing that was rolled back", async () => {
    app.enforcer.setWatcher(plain);
    await app.dataSource.transaction(async (manager) => {
      await manager.transaction((inner) => app.assignments.assign(reader(1), { manager: inner }));
      await app.enforcer.caughtUp();
      expect(told).toEqual([]);
    });
    await hear(1);
    const undone = app.dataSource.transaction(async (manager) => {
      await app.assignments.remove(reader(1), { manager });
      throw new Error('undo');
    });
    await expect(undone).rejects.toThrow('undo');
    await app.assignments.assign(reader(2));
    await hear(2);
    expect(told).toEqual([
      ['update[]', true],
      ['update[]', true],
    ]);
  });

  it('are told nothing if nothing changes, and if the enforcer is told not to', async () => {
    await app.assignments.assign(reader(1));
    app.enforcer.setWatcher(plain);
    await app.assignments.assign(reader(1));
    app.enforcer.enableAutoNotifyWatcher(false);
    await app.assignments.assign(reader(2));
    app.enforcer.enableAutoNotifyWatcher(true);
    await app.assignments.assign(reader(3));
    await hear(1);
    expect(told).toHaveLength(1);
  });

  it('with calls of their own for each kind are told the rules, and of a transaction that there are some', async () => {
    app.enforcer.setWatcherEx(detailed);
    await app.assignments.assign(reader(1));
    await hear(1);
    await app.enforcer.addGroupingPolicies([readerRule(2), readerRule(3)]);
    await hear(2);
    await app.assignments.removeAll({ role: 'role^reader' });
    await hear(3);
    await app.enforcer.addPolicy('role^x', 'act^y', '*');
    await hear(4);
    await app.enforcer.removePolicy('role^x', 'act^y', '*');
    await hear(5);
    await app.dataSource.transaction((manager) => app.assignments.assign(reader(1), { manager }));
    await hear(6);
    const [one, two, three] = [1, 2, 3].map((n) => readerRule(n));
    expect(told).toEqual([
      [`add${JSON.stringify(['g', 'g', ...(one ?? [])])}`, true],
      [`addAll${JSON.stringify(['g', 'g', two, three])}`, true],
      [`removeAll${JSON.stringify(['g', 'g', one, two, three])}`, false],
      ['add["p","p","role^x","act^y","*"]', false],
      ['remove["p","p","role^x","act^y","*"]', false],
      ['save', true],
    ]);
  });

  it('what they hear from others makes memory look, and the callback ends when it has', async () => {
    app.enforcer.setWatcher(plain);
    const other = await cluster.start();
    await other.assignments.assign(reader(1));
    await callback();
    expect(await mayRead(app, 1)).toBe(true);
  });

  it('that fail harm nobody, and are warned about', async () => {
    const warnings = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    app.enforcer.setWatcher({
      setUpdateCallback: () => undefined,
      update: () => Promise.reject(new Error('no broker')),
    });
    expect((await app.assignments.assign(reader(1))).changed).toBe(true);
    app.enforcer.setWatcher({
      setUpdateCallback: () => undefined,
      update: () => {
        throw new Error('no bus');
      },
    });
    expect((await app.assignments.assign(reader(2))).changed).toBe(true);
    await untilSo(() => warnings.mock.calls.length === 2);
    expect(warnings.mock.calls.join()).toMatch(/did not take a change: Error: no broker.*no bus/);
    warnings.mockRestore();
  });
});
