import { newModelFromString } from 'casbin';
import fc from 'fast-check';
import type { EntityManager } from 'typeorm';
import { startApp, type TestApp } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';
import { atRest, letReadersRead, mayRead, reader, readerRule, rulesIn } from './support/facts';
import { untilSo } from './support/until';
import { arrivalSteps, endOfHistory } from './support/committed-history';
import { Stranger } from './support/stranger';

const sorted = (rules: readonly (readonly string[])[]): string[] => rules.map((rule) => JSON.stringify(rule)).sort();

describe('memory follows commits', () => {
  let database: TestDatabase;
  let left: TestApp;
  let right: TestApp;
  let stranger: Stranger;
  beforeAll(async () => {
    database = await createDatabase();
    left = await startApp({ url: database.url, poolSize: 20 });
    right = await startApp({ url: database.url, poolSize: 20 });
    stranger = await Stranger.connect(database.url);
    await letReadersRead(left);
    await atRest(left, right);
  });
  afterEach(() => stranger.release());
  afterAll(async () => {
    await stranger.end();
    await Promise.all([left.close(), right.close()]);
    await database.drop();
  });

  const sees = (app: TestApp, name: string, granted = true): Promise<void> =>
    untilSo(async () => (await mayRead(app, name)) === granted);

  async function expectMemoryIsTable(...apps: TestApp[]): Promise<void> {
    await atRest(...apps);
    const table = (await rulesIn(left.dataSource)).filter(([ptype]) => ptype === 'g').map(([, ...values]) => values);
    for (const app of apps) expect(sorted(await app.enforcer.getGroupingPolicy())).toEqual(sorted(table));
  }

  describe('a grant shows', () => {
    it('at once on the node that made it, whatever the call', async () => {
      await left.assignments.assign(reader('at-once'));
      expect(await mayRead(left, 'at-once')).toBe(true);
      await left.assignments.remove(reader('at-once'));
      expect(await mayRead(left, 'at-once')).toBe(false);
      await left.enforcer.addGroupingPolicy(...readerRule('at-once'));
      expect(await mayRead(left, 'at-once')).toBe(true);
      await left.assignments.removeAll({ subject: 'user^at-once' });
      expect(await mayRead(left, 'at-once')).toBe(false);
      await left.enforcer.addGroupingPolicies([readerRule('at-once'), readerRule('at-once-2')]);
      expect(await mayRead(left, 'at-once')).toBe(true);
      await left.enforcer.removeGroupingPolicies([readerRule('at-once'), readerRule('at-once-2')]);
      expect(await mayRead(left, 'at-once')).toBe(false);
    });

    it("at once also by a caller's manager that is in no transaction", async () => {
      const runner = left.dataSource.createQueryRunner();
      for (let n = 0; n < 10; n += 1) {
        await left.assignments.assign(reader('outside'), { manager: runner.manager });
        expect(await mayRead(left, 'outside')).toBe(true);
        await left.assignments.removeAll({ subject: 'user^outside' }, { manager: runner.manager });
        expect(await mayRead(left, 'outside')).toBe(false);
        await left.assignments.assign([reader('outside'), reader('outside-2')], { manager: left.dataSource.manager });
        expect(await mayRead(left, 'outside-2')).toBe(true);
        await left.assignments.remove([reader('outside'), reader('outside-2')], { manager: left.dataSource.manager });
        expect(await mayRead(left, 'outside-2')).toBe(false);
      }
      await runner.release();
    });

    it('on the other nodes too', async () => {
      await left.assignments.assign(reader('elsewhere'));
      await sees(right, 'elsewhere');
      await right.assignments.remove(reader('elsewhere'));
      expect(await mayRead(right, 'elsewhere')).toBe(false);
      await sees(left, 'elsewhere', false);
    });

    it("on no node before the caller's transaction commits, and on every node after", async () => {
      await left.dataSource.transaction(async (manager) => {
        await left.assignments.assign(reader('pending'), { manager });
        await atRest(left, right);
        expect([await mayRead(left, 'pending'), await mayRead(right, 'pending')]).toEqual([false, false]);
      });
      await Promise.all([sees(left, 'pending'), sees(right, 'pending')]);
    });

    it('never after a rollback', async () => {
      const work = left.dataSource.transaction(async (manager) => {
        await left.assignments.assign(reader('undone'), { manager });
        throw new Error('rolled back');
      });
      await expect(work).rejects.toThrow('rolled back');
      await expectMemoryIsTable(left, right);
      await Promise.all([left.enforcer.loadPolicy(), right.enforcer.loadPolicy()]);
      expect([await mayRead(left, 'undone'), await mayRead(right, 'undone')]).toEqual([false, false]);
    });

    it('also while the relay cannot record', async () => {
      await stranger.stopRecording();
      await left.assignments.assign([reader('unrecorded-1'), reader('unrecorded-2')]);
      await right.dataSource.transaction((manager) => right.assignments.assign(reader('unrecorded-3'), { manager }));
      await left.assignments.remove(reader('unrecorded-2'));
      for (const app of [left, right]) {
        await sees(app, 'unrecorded-1');
        await sees(app, 'unrecorded-2', false);
        await sees(app, 'unrecorded-3');
      }
      await left.enforcer.loadPolicy();
      expect(await mayRead(left, 'unrecorded-3')).toBe(true);
      await expectMemoryIsTable(left, right);
    });

    it("after a batch of Casbin's was committed, although memory cannot look into the database", async () => {
      await stranger.query('ALTER TABLE audit_head RENAME TO out_of_sight');
      try {
        expect(await left.enforcer.addGroupingPolicies([readerRule('blind-1'), readerRule('blind-2')])).toBe(true);
        expect(await mayRead(left, 'blind-1')).toBe(true);
      } finally {
        await stranger.query('ALTER TABLE out_of_sight RENAME TO audit_head');
      }
      await expectMemoryIsTable(left, right);
    });
  });

  describe('a standing grant is never denied', () => {
    it('by reloads and changes of others in a loop', async () => {
      await left.assignments.assign(reader('standing'));
      let probes = 0;
      let denied = 0;
      let working = true;
      const probing = (async () => {
        for (; working; probes += 1) {
          if (!(await mayRead(left, 'standing'))) denied += 1;
          await new Promise(setImmediate);
        }
      })();
      for (let round = 0; round < 60; round += 1) {
        await Promise.all([
          left.enforcer.loadPolicy(),
          right.assignments.assign(reader(`passing-${round % 3}`)),
          left.assignments.remove(reader(`passing-${(round + 1) % 3}`)),
        ]);
      }
      working = false;
      await probing;
      expect(probes).toBeGreaterThan(60);
      expect(denied).toBe(0);
    });

    it('by a reload that fails', async () => {
      await left.assignments.assign(reader('kept'));
      await stranger.query('ALTER TABLE casbin_rule RENAME TO out_of_reach');
      try {
        await expect(left.enforcer.loadPolicy()).rejects.toThrow('casbin_rule');
        expect(await mayRead(left, 'kept')).toBe(true);
      } finally {
        await stranger.query('ALTER TABLE out_of_reach RENAME TO casbin_rule');
      }
      await left.enforcer.loadPolicy();
      expect(await mayRead(left, 'kept')).toBe(true);
    });

    it('by the removal of another rule while enforce() is under way', async () => {
      const model = newModelFromString(`
        [request_definition]
        r = sub, act, scope
        [policy_definition]
        p = sub, act, scope
        [role_definition]
        g = _, _, _
        [policy_effect]
        e = some(where (p.eft == allow))
        [matchers]
        m = looked(p.sub) && g(r.sub, p.sub, r.scope) && r.act == p.act`);
      const own = await createDatabase();
      const app = await startApp({ url: own.url, grantlog: { model } });
      try {
        await app.enforcer.addPolicy('role^first', 'act^read', '*');
        await app.enforcer.addPolicy('role^reader', 'act^read', '*');
        await app.assignments.assign(reader('slow'));
        const removed = new Map<string, Promise<unknown>>();
        // A matcher function that asks elsewhere: meanwhile the rule it was asked about is removed.
        await app.enforcer.addFunction('looked', async (role: string) => {
          if (!removed.has(role) && role === 'role^first') {
            removed.set(role, app.enforcer.removePolicy('role^first', 'act^read', '*'));
            await removed.get(role);
          }
          return true;
        });
        expect(await mayRead(app, 'slow')).toBe(true);
        expect(await removed.get('role^first')).toBe(true);
      } finally {
        await app.close();
        await own.drop();
      }
    });
  });

  it.each([
    `user^O'Neil "Bob", Jr.`,
    'user^ blanks before and behind ',
    'user^(an unbalanced [bracket',
    'user^a, b; #c \\ d',
    'user^"',
    'user^ünïcödé 🙂',
  ])('a rule with %j in it means the same after a restart', async (subject) => {
    const scope = `lib^${subject}`;
    await left.assignments.assign({ subject, role: 'role^reader', scope });
    const third = await startApp({ url: database.url });
    try {
      expect(await third.enforcer.getFilteredGroupingPolicy(0, subject)).toEqual([[subject, 'role^reader', scope]]);
      expect(await third.enforcer.enforce(subject, 'act^read', scope)).toBe(true);
      expect((await third.assignments.remove({ subject, role: 'role^reader', scope })).changed).toBe(true);
    } finally {
      await third.close();
    }
  });

  describe('at rest memory equals the table', () => {
    const call = fc.record({
      node: fc.nat(1),
      verb: fc.constantFrom('assign' as const, 'remove' as const, 'removeAll' as const),
      keys: fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 3 }),
      where: fc.constantFrom('alone', 'alone', 'transaction', 'rolled back', 'savepoint', 'savepoint rolled back'),
    });

    type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

    async function make({ node, verb, keys, where }: Call): Promise<void> {
      const { assignments, dataSource } = node ? left : right;
      const change = (manager?: EntityManager): Promise<unknown> =>
        verb === 'removeAll'
          ? assignments.removeAll({ subject: `user^contended-${keys[0]}` }, { manager })
          : assignments[verb](
              keys.toSorted().map((key) => reader(`contended-${key}`)),
              { manager },
            );
      if (where === 'alone') return void (await change());
      const undo = new Error('undo');
      const transaction = dataSource.transaction(async (manager) => {
        if (!where.startsWith('savepoint')) await change(manager);
        else {
          const inner = manager.transaction(async (nested) => {
            await change(nested);
            if (where === 'savepoint rolled back') throw undo;
          });
          await inner.catch((error: unknown) => expect(error).toBe(undo));
        }
        if (where === 'rolled back') throw undo;
      });
      await transaction.catch((error: unknown) => expect(error).toBe(undo));
    }

    it('after contended changes of a few keys on two nodes, with savepoints, rollbacks and reloads', async () => {
      const callers = fc.array(fc.array(call, { minLength: 10, maxLength: 40 }), { minLength: 6, maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(callers, async (scripts) => {
          const reload = Promise.all([left.enforcer.loadPolicy(), right.enforcer.loadPolicy()]);
          await Promise.all(
            scripts.map(async (script) => {
              for (const one of script) await make(one);
            }),
          );
          await reload;
          await expectMemoryIsTable(left, right);
        }),
        { numRuns: 12, endOnFailure: true },
      );
    }, 90_000);

    it('in whatever order answers, loads and advances arrive', () => {
      fc.assert(
        fc.property(arrivalSteps, (steps) => {
          const { memory, table } = endOfHistory(steps);
          expect(sorted(memory)).toEqual(sorted(table));
        }),
        { numRuns: 1_000 },
      );
    });
  });
});
