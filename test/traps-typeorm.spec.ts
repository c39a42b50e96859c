import { Client } from 'pg';
import { Cluster } from './support/cluster';
import { atRest, factOf, letReadersRead, mayRead, reader, readerRule } from './support/facts';
import { Stranger } from './support/stranger';
import { untilSo } from './support/until';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.create();
});
afterEach(() => cluster.end());

describe('more traps of TypeORM', () => {
  it("an afterTransactionCommit of the host's that throws looks like a failure although the change is committed: it is recorded and granted", async () => {
    const app = await cluster.start();
    await letReadersRead(app);
    const subscriber = { afterTransactionCommit: () => Promise.reject(new Error('thrown in the hook')) };
    app.dataSource.subscribers.push(subscriber);
    const work = app.dataSource.transaction((manager) => app.assignments.assign(reader('committed'), { manager }));
    await expect(work).rejects.toThrow('thrown in the hook');
    app.dataSource.subscribers.splice(app.dataSource.subscribers.indexOf(subscriber), 1);
    await untilSo(() => mayRead(app, 'committed'));
    expect((await app.records()).map(factOf)).toContainEqual([
      'role_assignment.created',
      'g',
      ...readerRule('committed'),
    ]);
  });

  it('a subscriber class without its decorator is ignored in silence: ours is pushed as an instance, and hears commits', async () => {
    const app = await cluster.start();
    expect(app.dataSource.subscribers.map(({ constructor }) => constructor.name)).toEqual(['CommitHints']);
    const [hints] = app.dataSource.subscribers;
    const heard = jest.spyOn(hints as { afterTransactionCommit: () => void }, 'afterTransactionCommit');
    await app.dataSource.transaction((manager) => app.assignments.assign(reader('heard'), { manager }));
    expect(heard).toHaveBeenCalledTimes(1);
  });

  it('save() costs three round trips: an assignment costs one statement, event included', async () => {
    const app = await cluster.start();
    const sent = jest.spyOn(Client.prototype, 'query');
    await app.assignments.assign(reader('one-trip'));
    await app.assignments.remove(reader('one-trip'));
    const texts = sent.mock.calls.map(([query]) => JSON.stringify(query));
    sent.mockRestore();
    expect(texts.filter((text) => /Grantlog: (INSERT|DELETE)/.test(text))).toHaveLength(2);
    expect(texts.filter((text) => text.includes('START TRANSACTION'))).toEqual([]); // as TypeORM begins one
    expect(await app.records()).toHaveLength(2);
  });

  it.each(['assign', 'remove'] as const)(
    'afterTransactionRollback never fires when a connection is killed: %s is undone all the same',
    async (verb) => {
      const app = await cluster.start();
      const stranger = await Stranger.connect(cluster.database.url);
      await app.assignments.assign(reader('standing'));
      await atRest(app);
      const before = await app.enforcer.getGroupingPolicy();
      const work = app.dataSource.transaction(async (manager) => {
        await app.assignments[verb](reader(verb === 'assign' ? 'killed' : 'standing'), { manager });
        const [backend] = await manager.query<{ pid: number }[]>('SELECT pg_backend_pid() AS pid');
        await stranger.query('SELECT pg_terminate_backend($1)', [backend?.pid]);
        await manager.query('SELECT 1');
      });
      await expect(work).rejects.toThrow();
      await stranger.end();
      await atRest(app);
      expect(
        (await app.enforcer.getGroupingPolicy()).filter(([subject]) => !subject?.startsWith('user^marker')),
      ).toEqual(before.filter(([subject]) => !subject?.startsWith('user^marker')));
    },
  );
});
