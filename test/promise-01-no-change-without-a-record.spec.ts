import type { AuditRecord } from 'grantlog';
import { ambientTransactions, changedMind, inAmbientTransaction, Staff } from './support/ambient-transactions';
import { startApp, type TestApp } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';
import { atRest, factOf, letReadersRead, mayRead, operationsOf, reader, readerRule } from './support/facts';
import { Stranger } from './support/stranger';

describe('no change without a record, no record without a change', () => {
  let database: TestDatabase;
  let app: TestApp;
  let stranger: Stranger;
  beforeAll(async () => {
    database = await createDatabase();
    app = await startApp({ url: database.url, ...ambientTransactions });
    stranger = await Stranger.connect(database.url);
    await letReadersRead(app);
  });
  afterEach(() => stranger.release());
  afterAll(async () => {
    await stranger.end();
    await app.close();
    await database.drop();
  });

  const ruleOf = (name: string): Promise<unknown[]> =>
    app.dataSource.query('SELECT 1 FROM casbin_rule WHERE v0 = $1', [`user^${name}`]);

  async function expectBoth(name: string): Promise<void> {
    expect(await ruleOf(name)).toHaveLength(1);
    expect(await operationsOf(app, name)).toEqual(['created']);
    await atRest(app);
    expect(await mayRead(app, name)).toBe(true);
  }

  async function expectNeither(name: string): Promise<void> {
    expect(await ruleOf(name)).toHaveLength(0);
    expect(await operationsOf(app, name)).toEqual([]);
    await atRest(app);
    expect(await mayRead(app, name)).toBe(false);
  }

  describe('commits rule and event together', () => {
    it('by itself, when no transaction is open', async () => {
      await app.records();
      await stranger.stopRecording();
      const { events } = await app.assignments.assign(reader('alone'));
      expect(await stranger.query('SELECT id FROM audit_outbox')).toEqual([{ id: events[0]?.id }]);
      await stranger.release();
      await expectBoth('alone');
      expect(await stranger.query(`SELECT id FROM audit_outbox WHERE id = '${events[0]?.id}'`)).toEqual([]);
    });

    it("in the caller's transaction, given as manager", async () => {
      await app.dataSource.transaction(async (manager) => {
        await app.assignments.assign(reader('given'), { manager });
        expect(await ruleOf('given')).toHaveLength(0); // on another connection
      });
      await expectBoth('given');
    });

    it('in the ambient transaction', async () => {
      expect(await app.nest.get(Staff).seenFromOutside('ambient')).toBe(0);
      await expectBoth('ambient');
    });

    it("in the ambient transaction, for calls of Casbin's API", async () => {
      await inAmbientTransaction(async () => {
        expect(await app.enforcer.addRoleForUser('user^casbin', 'role^reader', '*')).toBe(true);
        expect(await ruleOf('casbin')).toHaveLength(0);
      });
      await expectBoth('casbin');
    });
  });

  describe('leaves no rule, no event and no grant', () => {
    it("when the caller's transaction rolls back", async () => {
      const work = app.dataSource.transaction(async (manager) => {
        await app.assignments.assign(reader('given-back'), { manager });
        throw changedMind;
      });
      await expect(work).rejects.toBe(changedMind);
      await expectNeither('given-back');
    });

    it('when the ambient transaction rolls back', async () => {
      await expect(app.nest.get(Staff).hire('ambient-back', true)).rejects.toBe(changedMind);
      await expectNeither('ambient-back');
    });

    it('of what a savepoint undid, and keeps the rest', async () => {
      await app.dataSource.transaction(async (manager) => {
        await app.assignments.assign(reader('outer'), { manager });
        const inner = manager.transaction(async (nested) => {
          await app.assignments.assign(reader('inner'), { manager: nested });
          throw changedMind;
        });
        await expect(inner).rejects.toBe(changedMind);
      });
      await expectBoth('outer');
      await expectNeither('inner');
    });

    it('of what a nested ambient transaction undid, and keeps the rest', async () => {
      await app.nest.get(Staff).hireBoth('ambient-outer', 'ambient-inner');
      await expectBoth('ambient-outer');
      await expectNeither('ambient-inner');
    });

    it('of a batch that does nothing inside a transaction, and keeps the rest', async () => {
      await inAmbientTransaction(async () => {
        await app.assignments.assign(reader('before-batch'));
        const batch = [readerRule('before-batch'), readerRule('in-batch')];
        expect(await app.enforcer.addGroupingPolicies(batch)).toBe(false);
        await app.assignments.assign(reader('after-batch'));
      });
      await expectBoth('before-batch');
      await expectBoth('after-batch');
      await expectNeither('in-batch');
    });
  });

  describe('fails closed: no rule is written if its event cannot be', () => {
    async function withoutOutbox(breaking: string, mending: string, work: () => Promise<void>): Promise<void> {
      await app.records(); // recording must not wait for what is broken here
      await stranger.query(breaking);
      try {
        await work();
      } finally {
        await stranger.query(mending);
      }
    }

    it.each([
      ['the outbox is gone', 'ALTER TABLE audit_outbox RENAME TO gone', 'ALTER TABLE gone RENAME TO audit_outbox'],
      [
        'the outbox refuses the row',
        `ALTER TABLE audit_outbox ADD CONSTRAINT closed CHECK (subject NOT LIKE 'user^closed%') NOT VALID`,
        'ALTER TABLE audit_outbox DROP CONSTRAINT closed',
      ],
      [
        'the outbox answers what Casbin swallows from adapters',
        `CREATE FUNCTION not_implemented() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN RAISE EXCEPTION 'not implemented'; END $$;
         CREATE TRIGGER closed BEFORE INSERT ON audit_outbox EXECUTE FUNCTION not_implemented()`,
        'DROP TRIGGER closed ON audit_outbox; DROP FUNCTION not_implemented',
      ],
    ])('%s', async (_, breaking, mending) => {
      await app.assignments.assign(reader('standing'));
      await withoutOutbox(breaking, mending, async () => {
        await expect(app.assignments.assign(reader('closed'))).rejects.toThrow();
        await expect(app.assignments.assign([reader('closed'), reader('closed-too')])).rejects.toThrow();
        await expect(app.enforcer.addGroupingPolicy(...readerRule('closed'))).rejects.toThrow();
        await expect(app.enforcer.addGroupingPolicies([readerRule('closed')])).rejects.toThrow();
        if (!breaking.includes('CHECK')) {
          await expect(app.assignments.remove(reader('standing'))).rejects.toThrow();
          await expect(app.assignments.removeAll({ subject: 'user^standing' })).rejects.toThrow();
          await expect(app.enforcer.removeGroupingPolicies([readerRule('standing')])).rejects.toThrow();
        }
        expect(await ruleOf('closed')).toHaveLength(0);
        expect(await ruleOf('standing')).toHaveLength(1);
      });
      await expectNeither('closed');
      await expectBoth('standing');
    });
  });
});

describe('an event for each rule that really changes, and no other', () => {
  let database: TestDatabase;
  let app: TestApp;
  beforeAll(async () => {
    database = await createDatabase();
    app = await startApp({ url: database.url });
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  /** The records that `work` adds to the log. */
  async function recordsOf(work: () => Promise<unknown>): Promise<AuditRecord[]> {
    const before = (await app.records()).length;
    await work();
    return (await app.records()).slice(before);
  }

  const factsOf = async (work: () => Promise<unknown>): Promise<unknown[]> => (await recordsOf(work)).map(factOf);

  it.each([
    ['g', 'role_assignment', ['user^1', 'role^reader', 'lib^1'], { role: 'role^reader', scope: 'lib^1' }],
    ['p', 'policy', ['role^reader', 'act^read', 'lib^*'], { role: null, scope: 'lib^*' }],
    ['g2', 'grouping', ['act^edit', 'act^read'], { role: null, scope: null }],
  ])('of the type that belongs to %s: %s', async (ptype, type, rule, columns) => {
    const { enforcer } = app;
    const [add, addAll, remove, removeAll] =
      ptype === 'p'
        ? [enforcer.addNamedPolicy, enforcer.addNamedPolicies, enforcer.removeNamedPolicy, enforcer.removeNamedPolicies]
        : [
            enforcer.addNamedGroupingPolicy,
            enforcer.addNamedGroupingPolicies,
            enforcer.removeNamedGroupingPolicy,
            enforcer.removeNamedGroupingPolicies,
          ];
    const records = await recordsOf(async () => {
      expect(await add.call(enforcer, ptype, ...rule)).toBe(true);
      expect(await remove.call(enforcer, ptype, ...rule)).toBe(true);
      expect(await addAll.call(enforcer, ptype, [rule])).toBe(true);
      expect(await removeAll.call(enforcer, ptype, [rule])).toBe(true);
    });
    const created = { type: `${type}.created`, operation: 'created' };
    const deleted = { type: `${type}.deleted`, operation: 'deleted' };
    const common = { ...columns, subject: rule[0], outcome: 'success', details: { ptype, rule } };
    expect(records).toEqual(
      [created, deleted, created, deleted].map((fields) => expect.objectContaining({ ...fields, ...common })),
    );
  });

  it('none for what is there already or not there', async () => {
    await app.assignments.assign(reader('no-op'));
    const facts = await factsOf(async () => {
      expect(await app.assignments.assign(reader('no-op'))).toEqual({ changed: false, events: [] });
      expect(await app.assignments.remove(reader('nobody'))).toEqual({ changed: false, events: [] });
      expect(await app.assignments.removeAll({ subject: 'user^nobody' })).toEqual({ changed: false, events: [] });
      expect(await app.assignments.assign([])).toEqual({ changed: false, events: [] });
      expect(await app.enforcer.addGroupingPolicy(...readerRule('no-op'))).toBe(false);
      expect(await app.enforcer.removeGroupingPolicy(...readerRule('nobody'))).toBe(false);
      expect(await app.enforcer.addGroupingPoliciesEx([readerRule('no-op')])).toBe(false);
    });
    expect(facts).toEqual([]);
  });

  it("a batch of Casbin's with one rule that is known or missing does nothing", async () => {
    await app.assignments.assign(reader('known'));
    const facts = await factsOf(async () => {
      expect(await app.enforcer.addGroupingPolicies([readerRule('new'), readerRule('known')])).toBe(false);
      expect(await app.enforcer.removeGroupingPolicies([readerRule('known'), readerRule('new')])).toBe(false);
    });
    expect(facts).toEqual([]);
    expect(await app.enforcer.hasGroupingPolicy(...readerRule('known'))).toBe(true);
    expect(await app.assignments.find({ subject: 'user^new' })).toEqual([]);
  });

  it('addPoliciesEx adds what is new, and assign likewise', async () => {
    await app.assignments.assign(reader('ex-1'));
    const facts = await factsOf(async () => {
      expect(await app.enforcer.addGroupingPoliciesEx([readerRule('ex-1'), readerRule('ex-2')])).toBe(true);
      const { changed, events } = await app.assignments.assign([reader('ex-2'), reader('ex-3')]);
      expect([changed, events.map(factOf)]).toEqual([true, [['role_assignment.created', 'g', ...readerRule('ex-3')]]]);
    });
    expect(facts).toEqual(['ex-2', 'ex-3'].map((name) => ['role_assignment.created', 'g', ...readerRule(name)]));
  });

  it('with the reason given, and one operation id for each call', async () => {
    const reason = 'ticket 4711: "stands in\tfor Ann"';
    const records = await recordsOf(async () => {
      await app.assignments.assign([reader('reason-1'), reader('reason-2')], { reason });
      await app.assignments.remove(reader('reason-1'));
    });
    expect(records.map((record) => record.reason)).toEqual([reason, reason, null]);
    const [first, second, third] = records.map(({ operationId }) => operationId);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
    expect(new Set(records.map(({ id }) => id)).size).toBe(3);
  });

  it.each([
    [
      { subject: 'user^all-1' },
      [
        ['all-1', 'lib^1'],
        ['all-1', 'lib^2'],
      ],
    ],
    [
      { scope: 'lib^all' },
      [
        ['all-2', 'lib^all'],
        ['all-3', 'lib^all'],
      ],
    ],
    [{ role: 'role^reader', scope: 'lib^both' }, [['all-4', 'lib^both']]],
  ] as const)('one for each row that removeAll(%j) removes', async (filter, rows) => {
    const other = { subject: 'user^other', role: 'role^writer', scope: 'lib^both' };
    await app.assignments.assign([...rows.map(([name, scope]) => reader(name, scope)), other]);
    const records = await recordsOf(async () => {
      const { changed, events } = await app.assignments.removeAll(filter, { reason: 'leaves' });
      expect([changed, events.length]).toEqual([true, rows.length]);
    });
    const expected = rows.map(([name, scope]) => ['role_assignment.deleted', 'g', ...readerRule(name, scope)]);
    expect(records.map(factOf)).toEqual(expected);
    expect(new Set(records.map(({ operationId }) => operationId)).size).toBe(1);
    expect(await app.assignments.find(filter)).toEqual([]);
    expect(await app.assignments.find({ subject: 'user^other' })).toEqual([other]);
  });

  it('all 100,000 of one call, each exactly once', async () => {
    const subjects = Array.from({ length: 100_000 }, (_, n) => `user^many-${n}`);
    const many = subjects.map((subject) => ({ subject, role: 'role^many', scope: 'lib^many' }));
    const { changed, events } = await app.assignments.assign(many);
    expect([changed, events.length]).toEqual([true, 100_000]);
    for (const n of [0, 49_999, 99_999]) {
      expect(await app.enforcer.hasGroupingPolicy(`user^many-${n}`, 'role^many', 'lib^many')).toBe(true);
    }
    await app.relay.drained();
    const [counted] = await app.dataSource.query(
      `SELECT count(*)::int AS records, count(DISTINCT (subject, id))::int AS facts, max(seq)::int = (SELECT count(*) FROM audit_record) AS gapless
       FROM audit_record WHERE role = 'role^many'`,
    );
    expect(counted).toEqual({ records: 100_000, facts: 100_000, gapless: true });
  }, 60_000);
});
