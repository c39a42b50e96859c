import { type Model, newModelFromString } from 'casbin';
import { type AuditedEnforcer, InvalidInputError, runAs } from 'grantlog';
import { removalOf } from '../libs/grantlog/src/rules/matching-removal';
import { shapeOf } from '../libs/grantlog/src/rules/rule-shape';
import { ambientTransactions, changedMind, inAmbientTransaction } from './support/ambient-transactions';
import type { TestApp } from './support/app';
import {
  type Call,
  type Case,
  annInOne,
  annInTwo,
  annReads,
  bobInOne,
  everyCase,
  g,
  g2,
  newRole,
  p,
  refusals,
  start,
} from './support/audited-calls';
import { Cluster } from './support/cluster';
import { factOf, rulesIn } from './support/facts';
import { scopedModel } from './support/models';
import { Stranger } from './support/stranger';
import { until } from './support/until';

const sorted = (rules: readonly (readonly string[])[]): string[] => rules.map((rule) => rule.join(' | ')).sort();

describe('every path is audited', () => {
  let cluster: Cluster;
  let app: TestApp;
  let stranger: Stranger;
  beforeAll(async () => {
    cluster = await Cluster.create();
    app = await cluster.start(ambientTransactions);
    stranger = await Stranger.connect(cluster.database.url);
  });
  beforeEach(() => bringBack(app));
  afterEach(() => stranger.release());
  afterAll(async () => {
    await stranger.end();
    await cluster.end();
  });

  /** Makes the table hold the rules that every test starts with. */
  async function bringBack({ enforcer, dataSource }: TestApp, rules: readonly string[][] = start): Promise<void> {
    const there = await rulesIn(dataSource);
    const wanted = sorted(rules);
    for (const [ptype = '', ...rule] of there) {
      if (wanted.includes(sorted([[ptype, ...rule]])[0] ?? '')) continue;
      await (ptype === 'p' ? enforcer.removePolicy(...rule) : enforcer.removeNamedGroupingPolicy(ptype, ...rule));
    }
    for (const [ptype = '', ...rule] of rules) {
      await (ptype === 'p' ? enforcer.addPolicy(...rule) : enforcer.addNamedGroupingPolicy(ptype, ...rule));
    }
    await until(
      () => memoryOf(enforcer),
      (memory) => memory.join() === wanted.join(),
    );
  }

  async function memoryOf(enforcer: AuditedEnforcer): Promise<string[]> {
    const groupings = enforcer.getModel().model.get('g')?.has('g2') ? await enforcer.getNamedGroupingPolicy('g2') : [];
    return sorted([
      ...p(...(await enforcer.getPolicy())),
      ...g(...(await enforcer.getGroupingPolicy())),
      ...g2(...groupings),
    ]);
  }

  /** What a call changes, seen from everywhere. */
  async function expectChange({ gone = [], come = [] }: Partial<Case>, work: () => Promise<unknown>): Promise<void> {
    const recorded = (await app.records()).length;
    const before = sorted(await rulesIn(app.dataSource));
    await work();
    const expected = sorted([...start, ...come]).filter((rule) => !sorted(gone).includes(rule));
    expect(before).toEqual(sorted(start));
    expect(sorted(await rulesIn(app.dataSource))).toEqual(expected);
    await until(
      () => memoryOf(app.enforcer),
      (memory) => memory.join() === expected.join(),
    );
    const records = (await app.records()).slice(recorded);
    expect(sorted(records.map(factOf))).toEqual(
      sorted([
        ...gone.map(([ptype = '', ...rule]) => [`${typeOf(ptype)}.deleted`, ptype, ...rule]),
        ...come.map(([ptype = '', ...rule]) => [`${typeOf(ptype)}.created`, ptype, ...rule]),
      ]),
    );
    const calls = new Set(records.map(({ operationId, actor }) => `${operationId} by ${actor}`));
    expect([...calls]).toEqual(records.length > 0 ? [expect.stringMatching(/ by user\^7$/)] : []);
  }

  const typeOf = (ptype: string): string => ({ p: 'policy', g: 'role_assignment' })[ptype] ?? 'grouping';

  it.each(everyCase)('%s', async (_name, one) => {
    await expectChange(one, async () => {
      expect(await runAs('user^7', () => one.call(app.enforcer))).toBe(one.answer);
      const memory = sorted([...start, ...(one.come ?? [])]).filter((rule) => !sorted(one.gone ?? []).includes(rule));
      expect(await memoryOf(app.enforcer)).toEqual(memory);
    });
  });

  it.each(everyCase)("in a caller's transaction that commits, %s", async (_name, one) => {
    await expectChange(one, () =>
      inAmbientTransaction(async () => {
        expect(await runAs('user^7', () => one.call(app.enforcer))).toBe(one.answer);
        expect(sorted(await rulesIn(app.dataSource))).toEqual(sorted(start)); // what others see
        expect(await memoryOf(app.enforcer)).toEqual(sorted(start));
      }),
    );
  });

  it.each(everyCase)("in a caller's transaction that rolls back, %s", async (_name, one) => {
    await expectChange({}, async () => {
      const work = inAmbientTransaction(async () => {
        expect(await one.call(app.enforcer)).toBe(one.answer);
        throw changedMind;
      });
      await expect(work).rejects.toBe(changedMind);
      expect(await memoryOf(app.enforcer)).toEqual(sorted(start));
    });
  });

  it.each(refusals)('refuses %s, and changes nothing', async (_name, complaint, call) => {
    await expectChange({}, async () => {
      for (const around of [(work: () => Promise<boolean>) => work(), inAmbientTransaction]) {
        const refused = await around(() => call(app.enforcer)).catch((error: unknown) => error);
        expect(refused).toBeInstanceOf(InvalidInputError);
        expect((refused as Error).message).toMatch(complaint);
      }
    });
  });

  it('an event of a removal by filter says everything about its rule', async () => {
    const recorded = (await app.records()).length;
    await runAs('user^7', () => app.enforcer.deleteUser('user^ann'), { reason: 'left the company' });
    await app.enforcer.removeFilteredNamedGroupingPolicy('g2', 1, 'act^read');
    const records = (await app.records()).slice(recorded);
    const told = records.map(({ subject, role, scope, reason }) => [subject, role, scope, reason].join(' '));
    expect(told.sort()).toEqual([
      'act^write   ',
      'user^ann  lib^1 left the company',
      'user^ann role^reader lib^1 left the company',
      'user^ann role^reader lib^2 left the company',
    ]);
  });

  it('the database decides what there is, not the memory of a node', async () => {
    const unknown = ['user^unknown', 'role^reader', 'lib^9'];
    const insert = `INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', $1, $2, $3)`;
    await stranger.query(insert, unknown);
    expect(await app.enforcer.updateGroupingPolicy(unknown, unknown)).toBe(true);
    expect(await app.enforcer.updateGroupingPolicy(unknown, newRole)).toBe(true);
    await stranger.query(insert, unknown);
    expect(await app.enforcer.removeFilteredGroupingPolicy(2, 'lib^9')).toBe(true);
    await stranger.query(insert, unknown);
    expect(await app.enforcer.deleteUser('user^unknown')).toBe(true);
    expect(sorted(await rulesIn(app.dataSource))).toEqual(sorted([...start, ...g(newRole)]));
    await stranger.query(`DELETE FROM casbin_rule WHERE v0 = 'user^bob'`);
    expect(await app.enforcer.updateGroupingPolicy(bobInOne, bobInOne)).toBe(false);
    await stranger.query(insert, bobInOne);
  });

  describe('all of a call or nothing of it', () => {
    beforeAll(() =>
      stranger.query(`
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused by the host'; END $$;
        CREATE TRIGGER refuse_new BEFORE INSERT ON casbin_rule FOR EACH ROW WHEN (NEW.v0 = 'user^new') EXECUTE FUNCTION refuse();
        CREATE TRIGGER refuse_old BEFORE DELETE ON casbin_rule FOR EACH ROW WHEN (OLD.v1 = 'act^list') EXECUTE FUNCTION refuse()`),
    );
    afterAll(() =>
      stranger.query(`
        DROP TRIGGER refuse_new ON casbin_rule; DROP TRIGGER refuse_old ON casbin_rule; DROP FUNCTION refuse()`),
    );

    it.each<[string, Call]>([
      ['an update whose new rule is refused', (e) => e.updateGroupingPolicy(annInOne, newRole)],
      ['a removal by filter of which one rule is refused', (e) => e.removeFilteredPolicy(0, 'role^reader')],
      ['deleteRole of which one rule is refused', (e) => e.deleteRole('role^reader')],
    ])('%s', async (_name, call) => {
      await expectChange({}, async () => {
        await expect(call(app.enforcer)).rejects.toThrow('refused by the host');
      });
    });

    it("in the caller's transaction an update that is refused leaves the rest as it is", async () => {
      await expectChange({ come: g(['user^other', 'role^reader', 'lib^1']) }, () =>
        inAmbientTransaction(async () => {
          await runAs('user^7', () => app.enforcer.addRoleForUser('user^other', 'role^reader', 'lib^1'));
          await expect(app.enforcer.updateGroupingPolicy(annInOne, newRole)).rejects.toThrow('refused by the host');
        }),
      );
    });
  });

  describe('calls at the same time', () => {
    const names = Array.from({ length: 20 }, (_, n) => ['user^at-once', 'role^reader', `lib^${n}`]);

    it('of ten updates of one rule one finds it', async () => {
      const answers = names.slice(0, 10).map((rule) => app.enforcer.updateGroupingPolicy(annInOne, rule));
      expect((await Promise.all(answers)).filter(Boolean)).toHaveLength(1);
      expect(await rulesIn(app.dataSource)).toHaveLength(start.length);
    });

    it('updates that exchange two rules both finish', async () => {
      for (let round = 0; round < 10; round += 1) {
        const both = [
          app.enforcer.updateGroupingPolicy(annInOne, annInTwo),
          app.enforcer.updateGroupingPolicy(annInTwo, annInOne),
        ];
        expect(await Promise.all(both)).toContain(true);
        expect((await rulesIn(app.dataSource)).filter(([, subject]) => subject === 'user^ann')).not.toEqual([]);
        await bringBack(app);
      }
    });

    it('removals that find the same rules remove each once', async () => {
      await app.enforcer.addGroupingPolicies(names);
      const recorded = (await app.records()).length;
      await Promise.all([
        app.enforcer.deleteUser('user^at-once'),
        app.enforcer.deleteRole('role^reader'),
        app.enforcer.removeFilteredGroupingPolicy(1, 'role^reader'),
        app.enforcer.removeGroupingPolicies(names),
        app.assignments.removeAll({ role: 'role^reader' }),
      ]);
      const facts = (await app.records()).slice(recorded).map((record) => factOf(record).join());
      expect(facts.filter((fact) => fact.includes('user^at-once'))).toHaveLength(names.length);
      expect(new Set(facts).size).toBe(facts.length);
    });
  });

  it('a removal by filter looks its rules up in an index', async () => {
    const nobody = { actor: null, reason: null, requestId: null, sourceIp: null, userAgent: null };
    const attribution = { ...nobody, operationId: '01900000-0000-7000-8000-000000000000' };
    await stranger.hold(`
      INSERT INTO casbin_rule (ptype, v0, v1, v2) SELECT 'g', 'user^' || n, 'role^reader', 'lib^' || n FROM generate_series(1, 20000) n`);
    await stranger.query('ANALYZE casbin_rule');
    for (const values of [['user^1'], ['user^1', undefined, 'lib^1'], [undefined, undefined, 'lib^1']]) {
      const { text, parameters } = removalOf([{ shape: shapeOf(scopedModel(), 'g'), values }], attribution);
      const plan = await stranger.query(`EXPLAIN ${text}`, parameters);
      expect(JSON.stringify(plan)).toMatch(/casbin_rule_(unique|scope)/);
      expect(JSON.stringify(plan)).not.toContain('Seq Scan on casbin_rule');
    }
  });

  describe('a model whose p', () => {
    const modelOf = (tokens: string): Model =>
      newModelFromString(`
[request_definition]
r = sub, act, scope
[policy_definition]
p = ${tokens}
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.act == p.act`);

    async function withModel(tokens: string, rules: string[][], work: (node: TestApp) => Promise<void>): Promise<void> {
      const other = await Cluster.create();
      try {
        const node = await other.start({ grantlog: { model: modelOf(tokens) } });
        await bringBack(node, rules);
        await work(node);
      } finally {
        await other.end();
      }
    }

    it('names the user in another column is read as it says; g is not', async () => {
      const kept = [...p(['user^ann', 'role^reader', '*']), ...g(['role^reader', 'role^guest', 'lib^1'])];
      const gone = [...p(['act^read', 'user^ann', '*']), ...g(annInOne)];
      await withModel('act, sub, scope', [...kept, ...gone], async ({ enforcer, dataSource }) => {
        expect(await enforcer.deleteUser('user^ann')).toBe(true);
        expect(sorted(await rulesIn(dataSource))).toEqual(sorted(kept));
        expect(await enforcer.deletePermissionsForUser('role^reader')).toBe(true);
        expect(await enforcer.deleteRolesForUser('role^reader')).toBe(true);
        expect(await rulesIn(dataSource)).toEqual([]);
      });
    });

    it('has priorities lets an update change one, which Casbin refuses', async () => {
      const late = ['10', ...annReads];
      const early = ['1', ...annReads];
      await withModel('priority, sub, act, scope', p(late), async ({ enforcer, dataSource }) => {
        expect(await enforcer.updatePolicy(late, early)).toBe(true);
        expect([await rulesIn(dataSource), await enforcer.getPolicy()]).toEqual([p(early), [early]]);
      });
    });

    it('does not say which column names the user is refused where Casbin would remove everything', async () => {
      const rules = [...p(annReads), ...g(annInOne, bobInOne)];
      await withModel('who, act, scope', rules, async (node) => {
        const recorded = await node.records();
        for (const call of ['deleteUser', 'deleteRole', 'deletePermissionsForUser'] as const) {
          const refused = node.enforcer[call]('user^ann');
          await expect(refused).rejects.toThrow(InvalidInputError);
          await expect(refused).rejects.toThrow(/^model: .*"sub".*removeFilteredPolicy/);
        }
        expect(sorted(await rulesIn(node.dataSource))).toEqual(sorted(rules));
        expect(await memoryOf(node.enforcer)).toEqual(sorted(rules));
        expect(await node.records()).toEqual(recorded);
        expect(await node.enforcer.deleteRolesForUser('user^ann')).toBe(true);
        expect(sorted(await rulesIn(node.dataSource))).toEqual(sorted([...p(annReads), ...g(bobInOne)]));
      });
    });
  });
});
