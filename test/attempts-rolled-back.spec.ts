import type { AuditRecord, RoleAssignmentChange } from 'grantlog';
import { type EntityManager } from 'typeorm';
import { ambientTransactions, changedMind, Staff } from './support/ambient-transactions';
import type { TestApp } from './support/app';
import { attemptsOf, toldOf } from './support/attempts';
import { Cluster } from './support/cluster';
import { atRest, letReadersRead, mayRead, operationsOf, reader, readerRule, rulesIn } from './support/facts';
import { expectLogIsTable } from './support/load';
import { Stranger } from './support/stranger';
import { until } from './support/until';

describe('a change that its caller rolls back leaves a record of the attempt, and nothing else', () => {
  let cluster: Cluster;
  let app: TestApp;
  let other: TestApp;
  beforeAll(async () => {
    cluster = await Cluster.create();
    app = await cluster.start({
      ...ambientTransactions,
      grantlog: { ...ambientTransactions.grantlog, attempts: true },
    });
    other = await cluster.start();
    await letReadersRead(app);
  });
  afterAll(() => cluster.end());

  const triedBy = async (name: string): Promise<AuditRecord[]> =>
    (await attemptsOf(app)).filter(({ subject }) => subject === `user^${name}`);

  /** No node grants it, the log does not tell that it happened, and it left one attempt under the operation of `change`. */
  async function expectAttempt(name: string, change?: RoleAssignmentChange): Promise<void> {
    const records = await triedBy(name);
    expect(records.map(toldOf)).toEqual([
      ['failed', 'role_assignment.created', `user^${name},role^reader,*`, 'ROLLED_BACK'],
    ]);
    if (change) expect(records[0]?.operationId).toBe(change.events[0]?.operationId);
    if (change) expect(records[0]?.id).not.toBe(change.events[0]?.id);
    await atRest(app, other);
    expect([await mayRead(app, name), await mayRead(other, name)]).toEqual([false, false]);
    expect(await app.assignments.find({ subject: `user^${name}` })).toEqual([]);
    expect(await operationsOf(app, name)).toEqual([]);
  }

  const assign = (name: string, manager: EntityManager): Promise<RoleAssignmentChange> =>
    app.assignments.assign(reader(name), { manager });

  it('wholly', async () => {
    let change: RoleAssignmentChange | undefined;
    const work = app.dataSource.transaction(async (manager) => {
      change = await assign('whole', manager);
      throw changedMind;
    });
    await expect(work).rejects.toThrow(changedMind);
    await expectAttempt('whole', change);
  });

  it('in the ambient transaction, or in one nested in it', async () => {
    const staff = app.nest.get(Staff);
    await expect(staff.hire('ambient', true)).rejects.toThrow(changedMind);
    await expectAttempt('ambient');
    await staff.hireBoth('nested-stays', 'nested-goes');
    await expectAttempt('nested-goes');
    expect(await triedBy('nested-stays')).toEqual([]);
    await atRest(app, other);
    expect(await mayRead(other, 'nested-stays')).toBe(true);
  });

  it('to a savepoint, while what was done before and after it stays', async () => {
    const changes: RoleAssignmentChange[] = [];
    await app.dataSource.transaction(async (manager) => {
      await assign('before', manager);
      await expect(
        manager.transaction(async (inner) => {
          changes.push(await assign('inside', inner));
          await inner.transaction((innermost) => assign('innermost', innermost));
          throw changedMind;
        }),
      ).rejects.toThrow(changedMind);
      await assign('after', manager);
      expect(await triedBy('inside')).toEqual([]); // not before the end is known
    });
    await expectAttempt('inside', changes[0]);
    await expectAttempt('innermost');
    for (const name of ['before', 'after']) {
      expect(await triedBy(name)).toEqual([]);
      expect(await operationsOf(app, name)).toEqual(['created']);
    }
  });

  it('because PostgreSQL turned COMMIT into ROLLBACK after an error that the caller swallowed', async () => {
    let change: RoleAssignmentChange | undefined;
    await app.dataSource.transaction(async (manager) => {
      change = await assign('swallowed', manager);
      await expect(manager.query('SELECT 1 / 0')).rejects.toThrow('division by zero');
    });
    await expectAttempt('swallowed', change);
  });

  it('by raw SQL, of which TypeORM knows nothing; and a raw COMMIT leaves none', async () => {
    const runner = app.dataSource.createQueryRunner();
    await runner.query('BEGIN');
    const change = await assign('raw', runner.manager);
    expect(await triedBy('raw')).toEqual([]);
    await runner.query('SAVEPOINT mine');
    await assign('raw-savepoint', runner.manager);
    await runner.query('ROLLBACK TO SAVEPOINT mine');
    await runner.query('COMMIT');
    await runner.query('BEGIN');
    const lost = await assign('raw-lost', runner.manager);
    await runner.query('ROLLBACK');
    await runner.release();
    await expectAttempt('raw-savepoint');
    await expectAttempt('raw-lost', lost);
    expect(change.changed).toBe(true);
    expect(await triedBy('raw')).toEqual([]);
    expect(await operationsOf(app, 'raw')).toEqual(['created']);
  });

  it('because its connection was lost', async () => {
    const stranger = await Stranger.connect(cluster.database.url);
    let change: RoleAssignmentChange | undefined;
    const work = app.dataSource.transaction(async (manager) => {
      change = await assign('lost', manager);
      const [{ pid }] = await manager.query('SELECT pg_backend_pid() AS pid');
      await stranger.query('SELECT pg_terminate_backend($1)', [pid]);
      await assign('lost-later', manager);
    });
    await expect(work).rejects.toThrow();
    await stranger.end();
    await until(
      () => triedBy('lost'),
      (records) => records.length > 0,
    );
    await expectAttempt('lost', change);
    expect((await triedBy('lost-later')).map(({ outcome }) => outcome)).toEqual(['failed']);
  });

  it("made by the enforcer's batches, updates and removals by filter", async () => {
    await app.assignments.assign([reader('standing'), reader('changing')]);
    const before = (await attemptsOf(app)).length;
    const staff = app.nest.get(Staff);
    await expect(
      staff.within(async () => {
        expect(await app.enforcer.addGroupingPolicies([readerRule('many-1'), readerRule('many-2')])).toBe(true);
        expect(await app.enforcer.addGroupingPolicies([readerRule('many-1'), readerRule('many-3')])).toBe(false);
        expect(await app.enforcer.updateGroupingPolicy(readerRule('changing'), readerRule('changed'))).toBe(true);
        await app.assignments.removeAll({ subject: 'user^standing' });
        await expect(app.enforcer.addGroupingPolicy('too', 'short')).rejects.toThrow('takes 3 values');
        throw changedMind;
      }),
    ).rejects.toThrow(changedMind);
    const records = (await attemptsOf(app)).slice(before);
    const told = records.map(toldOf).map(([, type, rule, code]) => `${String(type)} ${String(rule)} ${String(code)}`);
    expect(told.sort()).toEqual([
      'role_assignment.created too,short INVALID_INPUT',
      'role_assignment.created user^changed,role^reader,* ROLLED_BACK',
      'role_assignment.created user^many-1,role^reader,* ROLLED_BACK',
      'role_assignment.created user^many-2,role^reader,* ROLLED_BACK',
      'role_assignment.deleted user^changing,role^reader,* ROLLED_BACK',
      'role_assignment.deleted user^standing,role^reader,* ROLLED_BACK',
    ]);
    expect(new Set(records.map(({ operationId }) => operationId)).size).toBe(4);
    expect([await mayRead(app, 'standing'), await mayRead(app, 'changing')]).toEqual([true, true]);
  });

  it('told by the first hundred of a large call, and a count of all', async () => {
    const names = Array.from({ length: 1_000 }, (_, n) => reader(`large-${n}`));
    const work = app.dataSource.transaction(async (manager) => {
      await app.assignments.assign(names, { manager });
      throw changedMind;
    });
    await expect(work).rejects.toThrow(changedMind);
    const records = (await attemptsOf(app)).filter(({ subject }) => subject.startsWith('user^large-'));
    expect(records).toHaveLength(100);
    for (const { details } of records) expect(details.attempted).toBe(1_000);
  });

  it('exactly, of two hundred transactions at once of which every other one is rolled back', async () => {
    const numbers = Array.from({ length: 200 }, (_, n) => n);
    const work = numbers.map((n) =>
      app.dataSource.transaction(async (manager) => {
        await assign(`at-once-${n}`, manager);
        if (n % 2) throw changedMind;
      }),
    );
    await Promise.allSettled(work);
    const tried = (await attemptsOf(app)).filter(({ subject }) => subject.startsWith('user^at-once-'));
    const odd = numbers.filter((n) => n % 2).map((n) => `user^at-once-${n}`);
    expect(tried.map(({ subject }) => subject).sort()).toEqual(odd.sort());
    const done = (await app.assignments.find()).filter(({ subject }) => subject.startsWith('user^at-once-'));
    expect(done).toHaveLength(100);
  });

  it('which neither a node that was told of it by the log nor one that is started later takes for a change', async () => {
    await app.assignments.assign([reader('kept'), reader('taken')]);
    const work = app.dataSource.transaction(async (manager) => {
      await app.assignments.remove(reader('kept'), { manager });
      await assign('never', manager);
      throw changedMind;
    });
    await expect(work).rejects.toThrow(changedMind);
    expect((await triedBy('kept')).map(({ type }) => type)).toEqual(['role_assignment.deleted']);
    await other.assignments.remove(reader('taken'));
    const late = await cluster.start();
    await atRest(app, other, late);
    for (const node of [app, other, late]) {
      expect(await mayRead(node, 'kept')).toBe(true);
      expect(await mayRead(node, 'never')).toBe(false);
      expect(await mayRead(node, 'taken')).toBe(false);
      expect((await node.enforcer.getGroupingPolicy()).length).toBe(
        (await rulesIn(app.dataSource)).filter(([ptype]) => ptype === 'g').length,
      );
    }
    await cluster.close(late);
  });

  it('and the log goes on without gaps, in order, and tells what the table holds', async () => {
    const records = await app.records();
    expect(records.map(({ seq }) => seq)).toEqual(records.map((_, at) => String(at + 1)));
    const times = records.map(({ recordedAt }) => recordedAt);
    expect(times).toEqual([...times].sort());
    expect(new Set(records.map(({ id }) => id)).size).toBe(records.length);
    await app.enforcer.removePolicy('role^reader', 'act^read', '*');
    await expectLogIsTable(app);
  });
});
