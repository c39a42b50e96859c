import { InvalidInputError, type RoleAssignment, type RoleAssignmentChange } from 'grantlog';
import { startApp, type TestApp } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';
import { atRest, factOf, letReadersRead, mayRead, operationsOf, reader, readerRule, rulesIn } from './support/facts';
import { plainModel } from './support/models';
import { Stranger } from './support/stranger';

const times = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n));
const changedOnes = (changes: readonly RoleAssignmentChange[]): number =>
  changes.filter(({ changed }) => changed).length;

describe('one fact, one row', () => {
  let database: TestDatabase;
  let left: TestApp;
  let right: TestApp;
  let stranger: Stranger;
  beforeAll(async () => {
    database = await createDatabase();
    left = await startApp({ url: database.url });
    right = await startApp({ url: database.url });
    stranger = await Stranger.connect(database.url);
    await letReadersRead(left);
  });
  afterEach(() => stranger.release());
  afterAll(async () => {
    await stranger.end();
    await Promise.all([left.close(), right.close()]);
    await database.drop();
  });

  const nodeOf = (n: number): TestApp => (n % 2 ? left : right);

  it('the same assignment by 20 parallel calls on two nodes is one row, one event, one changed: true', async () => {
    const added = await Promise.all(times(20, (n) => nodeOf(n).assignments.assign(reader('same'))));
    expect(changedOnes(added)).toBe(1);
    expect(added.flatMap(({ events }) => events)).toHaveLength(1);
    expect(await left.assignments.find({ subject: 'user^same' })).toHaveLength(1);
    expect(await operationsOf(left, 'same')).toEqual(['created']);

    const removed = await Promise.all(times(20, (n) => nodeOf(n).assignments.remove(reader('same'))));
    expect(changedOnes(removed)).toBe(1);
    expect(await left.assignments.find({ subject: 'user^same' })).toHaveLength(0);
    expect(await operationsOf(left, 'same')).toEqual(['created', 'deleted']);
  });

  it("the same through Casbin's API, mixed with calls inside transactions, is one true", async () => {
    const answers = await Promise.all(
      times(20, async (n) => {
        const { enforcer, assignments, dataSource } = nodeOf(n);
        if (n % 3 === 0) return enforcer.addRoleForUser('user^mixed', 'role^reader', '*');
        if (n % 3 === 1) return enforcer.addGroupingPolicies([readerRule('mixed')]);
        return dataSource.transaction(
          async (manager) => (await assignments.assign(reader('mixed'), { manager })).changed,
        );
      }),
    );
    expect(answers.filter(Boolean)).toHaveLength(1);
    expect(await operationsOf(left, 'mixed')).toEqual(['created']);
  });

  it('the same twice in one call is one', async () => {
    const { events } = await left.assignments.assign([reader('twice'), reader('twice'), reader('twice')]);
    expect(events).toHaveLength(1);
    expect(await left.enforcer.addGroupingPolicies([readerRule('thrice'), readerRule('thrice')])).toBe(true);
    expect((await left.assignments.remove([reader('twice'), reader('twice')])).events).toHaveLength(1);
    expect(await left.enforcer.removeGroupingPolicies([readerRule('thrice'), readerRule('thrice')])).toBe(true);
    for (const name of ['twice', 'thrice']) {
      expect(await operationsOf(left, name)).toEqual(['created', 'deleted']);
    }
  });

  it('a node with stale memory can remove what it does not know, and not add what is there', async () => {
    await stranger.query('ALTER TABLE audit_head RENAME TO out_of_sight');
    try {
      await left.assignments.assign([reader('unknown-1'), reader('unknown-2'), reader('unknown-3')]);
      expect(await right.enforcer.hasGroupingPolicy(...readerRule('unknown-1'))).toBe(false);
      expect((await right.assignments.assign(reader('unknown-1'))).changed).toBe(false);
      expect((await right.assignments.remove(reader('unknown-1'))).changed).toBe(true);
      expect(await right.enforcer.removeGroupingPolicy(...readerRule('unknown-2'))).toBe(true);
      expect((await right.assignments.removeAll({ subject: 'user^unknown-3' })).changed).toBe(true);
    } finally {
      await stranger.query('ALTER TABLE out_of_sight RENAME TO audit_head');
    }
    await atRest(left, right);
    for (const name of ['unknown-1', 'unknown-2', 'unknown-3']) {
      expect(await operationsOf(left, name)).toEqual(['created', 'deleted']);
      expect([await mayRead(left, name), await mayRead(right, name)]).toEqual([false, false]);
    }
  });

  it('batches in opposite order that meet at a locked rule wait for each other in one order only', async () => {
    // As in a big table: a batch is looked up in the index, rule by rule as they were given.
    const extra = { options: '-c enable_hashjoin=off -c enable_mergejoin=off -c enable_seqscan=off' };
    const [one, other] = await Promise.all(times(2, () => startApp({ url: database.url, dataSource: { extra } })));
    const forwards = times(40, (n) => reader(`meet-${n + 10}`));
    const backwards = forwards.toReversed();
    const middle = `('g', 'user^meet-30', 'role^reader', '*')`;
    try {
      for (const verb of ['assign', 'remove'] as const) {
        await stranger.hold(
          verb === 'assign'
            ? `INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ${middle}`
            : `SELECT 1 FROM casbin_rule WHERE (ptype, v0, v1, v2) = ${middle} FOR UPDATE`,
        );
        const calls = Promise.all([one?.assignments[verb](forwards), other?.assignments[verb](backwards)]);
        await stranger.waitForBlocked('%casbin_rule%', 2);
        await stranger.release();
        expect((await calls).flatMap((change) => change?.events)).toHaveLength(40);
      }
    } finally {
      await Promise.all([one?.close(), other?.close()]);
    }
  });

  it('overlapping batches in opposite order never deadlock, and each rule changes once', async () => {
    const forwards = times(40, (n) => reader(`batch-${n}`));
    const backwards = forwards.toReversed();
    const calls = (verb: 'assign' | 'remove'): Promise<RoleAssignmentChange>[] => [
      left.assignments[verb](forwards),
      right.assignments[verb](backwards),
      left.assignments[verb](backwards.slice(10)),
      right.assignments[verb](forwards.slice(10)),
    ];
    for (let round = 0; round < 20; round += 1) {
      const added = await Promise.all(calls('assign'));
      expect(added.flatMap(({ events }) => events)).toHaveLength(40);
      const removed = await Promise.all([...calls('remove'), right.assignments.removeAll({ role: 'role^none' })]);
      expect(removed.flatMap(({ events }) => events)).toHaveLength(40);
    }
  });

  it('batches that add, remove and remove by filter at once never deadlock', async () => {
    const forwards = times(40, (n) => reader(`churn-${n}`, 'lib^churn'));
    const backwards = forwards.toReversed();
    for (let round = 0; round < 20; round += 1) {
      await Promise.all([
        left.assignments.assign(forwards),
        right.assignments.remove(backwards),
        right.assignments.assign(backwards),
        left.assignments.removeAll({ scope: 'lib^churn' }),
      ]);
    }
    await right.assignments.removeAll({ scope: 'lib^churn' });
    const records = (await left.records()).filter(({ scope }) => scope === 'lib^churn');
    for (const { subject } of forwards) {
      const operations = records.filter((record) => record.subject === subject).map(({ operation }) => operation);
      expect(operations).toEqual(operations.map((_, at) => (at % 2 ? 'deleted' : 'created')));
      expect(operations.length % 2).toBe(0);
    }
  });

  it("rules that differ only in '' and absent columns are different, and are removed one at a time", async () => {
    await stranger.query(
      `INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('p', 'x', 'y', NULL), ('p', 'x', 'y', ''), ('p', 'x', '', 'y')`,
    );
    const repeat = stranger.query(`INSERT INTO casbin_rule (ptype, v0, v1) VALUES ('p', 'x', 'y')`);
    await expect(repeat).rejects.toThrow('casbin_rule_unique');
    const xRules = async (): Promise<string[][]> => (await rulesIn(left.dataSource)).filter(([, v0]) => v0 === 'x');
    expect(await left.enforcer.removePolicy('x', 'y')).toBe(true);
    expect(await xRules()).toEqual([
      ['p', 'x', '', 'y'],
      ['p', 'x', 'y', ''],
    ]);
    expect(await left.enforcer.removePolicy('x', 'y', '')).toBe(true);
    expect(await left.enforcer.addPolicy('x', '', 'y')).toBe(false);
    expect(await left.enforcer.removePolicy('x', '', 'y')).toBe(true);
    const records = (await left.records()).filter(({ subject }) => subject === 'x');
    expect(records.map(factOf)).toEqual([
      ['policy.deleted', 'p', 'x', 'y'],
      ['policy.deleted', 'p', 'x', 'y', ''],
      ['policy.deleted', 'p', 'x', '', 'y'],
    ]);
  });
});

describe('one fact, one row, in a model without scopes', () => {
  let database: TestDatabase;
  let app: TestApp;
  beforeAll(async () => {
    database = await createDatabase();
    app = await startApp({ url: database.url, grantlog: { model: plainModel() } });
    await letReadersRead(app);
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  it("the scope is '*', named or not", async () => {
    const plain: RoleAssignment = { subject: 'user^plain', role: 'role^reader' };
    const { changed, events } = await app.assignments.assign(plain);
    expect(changed).toBe(true);
    expect(events[0]).toMatchObject({ scope: '*', details: { ptype: 'g', rule: ['user^plain', 'role^reader'] } });
    expect((await app.assignments.assign({ ...plain, scope: '*' })).changed).toBe(false);
    expect(await app.assignments.find({ scope: '*' })).toEqual([{ ...plain, scope: '*' }]);
    expect(await mayRead(app, 'plain', 'lib^1')).toBe(true);
    expect((await app.assignments.remove({ ...plain, scope: '*' })).changed).toBe(true);
    expect(await operationsOf(app, 'plain')).toEqual(['created', 'deleted']);
    expect(await mayRead(app, 'plain', 'lib^1')).toBe(false);
  });

  it('another scope is refused, and so is a rule of three columns', async () => {
    await expect(app.assignments.assign(reader('scoped', 'lib^1'))).rejects.toThrow(InvalidInputError);
    await expect(app.enforcer.addGroupingPolicy(...readerRule('scoped'))).rejects.toThrow(InvalidInputError);
    await expect(app.assignments.removeAll({ scope: '*' })).rejects.toThrow(InvalidInputError);
    expect(await app.assignments.find({ subject: 'user^scoped' })).toEqual([]);
  });
});
