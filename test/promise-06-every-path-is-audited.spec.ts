import { Enforcer, type Model, newModelFromString } from 'casbin';
import { type AuditedEnforcer, InvalidInputError, runAs } from 'grantlog';
import { refusedCalls } from '../libs/grantlog/src/enforcer/refused-calls';
import { removalOf } from '../libs/grantlog/src/rules/matching-removal';
import { shapeOf } from '../libs/grantlog/src/rules/rule-shape';
import { ambientTransactions, changedMind, inAmbientTransaction } from './support/ambient-transactions';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { factOf, rulesIn } from './support/facts';
import { scopedModel } from './support/models';
import { Stranger } from './support/stranger';
import { until } from './support/until';

type Call = (enforcer: AuditedEnforcer) => Promise<boolean>;

/** A call, what it answers, and the rules that it removes and adds; policy type first. */
interface Case {
  readonly call: Call;
  readonly answer: boolean;
  readonly gone?: readonly string[][];
  readonly come?: readonly string[][];
}

const readerReads = ['role^reader', 'act^read', '*'];
const readerLists = ['role^reader', 'act^list', '*'];
const annReads = ['user^ann', 'act^read', 'lib^1'];
const annInOne = ['user^ann', 'role^reader', 'lib^1'];
const annInTwo = ['user^ann', 'role^reader', 'lib^2'];
const bobInOne = ['user^bob', 'role^reader', 'lib^1'];
const readerIsGuest = ['role^reader', 'role^guest', 'lib^1'];
const readerIsReader = ['role^reader', 'role^reader', 'lib^1'];
const writingReads = ['act^write', 'act^read'];
const writingLists = ['act^write', 'act^list'];
const newPolicy = ['role^guest', 'act^read', 'lib^1'];
const newRole = ['user^new', 'role^reader', 'lib^1'];
const newGrouping = ['act^manage', 'act^write'];

const p = (...rules: string[][]): string[][] => rules.map((rule) => ['p', ...rule]);
const g = (...rules: string[][]): string[][] => rules.map((rule) => ['g', ...rule]);
const g2 = (...rules: string[][]): string[][] => rules.map((rule) => ['g2', ...rule]);

const start = [
  ...p(readerReads, readerLists, annReads),
  ...g(annInOne, annInTwo, bobInOne, readerIsGuest, readerIsReader),
  ...g2(writingReads, writingLists),
];

/** What makes a change: one rule, a batch, or the rules that it finds. */
const cases: Record<string, Case[]> = {
  addPolicy: [
    { call: (e) => e.addPolicy(...newPolicy), answer: true, come: p(newPolicy) },
    { call: (e) => e.addPolicy(...readerReads), answer: false },
  ],
  addNamedPolicy: [{ call: (e) => e.addNamedPolicy('p', ...newPolicy), answer: true, come: p(newPolicy) }],
  addGroupingPolicy: [
    { call: (e) => e.addGroupingPolicy(...newRole), answer: true, come: g(newRole) },
    { call: (e) => e.addGroupingPolicy(...annInOne), answer: false },
  ],
  addNamedGroupingPolicy: [
    { call: (e) => e.addNamedGroupingPolicy('g2', ...newGrouping), answer: true, come: g2(newGrouping) },
  ],
  addPolicies: [
    { call: (e) => e.addPolicies([newPolicy, bobInOne]), answer: true, come: p(newPolicy, bobInOne) },
    { call: (e) => e.addPolicies([newPolicy, readerReads]), answer: false },
  ],
  addNamedPolicies: [{ call: (e) => e.addNamedPolicies('p', [newPolicy]), answer: true, come: p(newPolicy) }],
  addPoliciesEx: [
    { call: (e) => e.addPoliciesEx([readerReads, newPolicy]), answer: true, come: p(newPolicy) },
    { call: (e) => e.addPoliciesEx([readerReads]), answer: false },
  ],
  addNamedPoliciesEx: [
    { call: (e) => e.addNamedPoliciesEx('p', [readerReads, newPolicy]), answer: true, come: p(newPolicy) },
  ],
  addGroupingPolicies: [
    { call: (e) => e.addGroupingPolicies([newRole, newPolicy]), answer: true, come: g(newRole, newPolicy) },
    { call: (e) => e.addGroupingPolicies([newRole, annInOne]), answer: false },
  ],
  addNamedGroupingPolicies: [
    { call: (e) => e.addNamedGroupingPolicies('g2', [newGrouping]), answer: true, come: g2(newGrouping) },
  ],
  addGroupingPoliciesEx: [
    { call: (e) => e.addGroupingPoliciesEx([annInOne, newRole]), answer: true, come: g(newRole) },
  ],
  addNamedGroupingPoliciesEx: [
    {
      call: (e) => e.addNamedGroupingPoliciesEx('g2', [writingReads, newGrouping]),
      answer: true,
      come: g2(newGrouping),
    },
  ],
  updatePolicy: [
    { call: (e) => e.updatePolicy(readerReads, newPolicy), answer: true, gone: p(readerReads), come: p(newPolicy) },
    { call: (e) => e.updatePolicy(newPolicy, readerReads), answer: false },
    { call: (e) => e.updatePolicy(newPolicy, bobInOne), answer: false },
    { call: (e) => e.updatePolicy(readerReads, readerLists), answer: true, gone: p(readerReads) },
    { call: (e) => e.updatePolicy(readerReads, readerReads), answer: true },
    { call: (e) => e.updatePolicy(newPolicy, newPolicy), answer: false },
  ],
  updateNamedPolicy: [
    { call: (e) => e.updateNamedPolicy('p', annReads, bobInOne), answer: true, gone: p(annReads), come: p(bobInOne) },
  ],
  updateGroupingPolicy: [
    { call: (e) => e.updateGroupingPolicy(annInOne, newRole), answer: true, gone: g(annInOne), come: g(newRole) },
  ],
  updateNamedGroupingPolicy: [
    {
      call: (e) => e.updateNamedGroupingPolicy('g2', writingReads, newGrouping),
      answer: true,
      gone: g2(writingReads),
      come: g2(newGrouping),
    },
  ],
  removePolicy: [
    { call: (e) => e.removePolicy(...readerReads), answer: true, gone: p(readerReads) },
    { call: (e) => e.removePolicy(...newPolicy), answer: false },
  ],
  removeNamedPolicy: [{ call: (e) => e.removeNamedPolicy('p', ...annReads), answer: true, gone: p(annReads) }],
  removeGroupingPolicy: [{ call: (e) => e.removeGroupingPolicy(...annInOne), answer: true, gone: g(annInOne) }],
  removeNamedGroupingPolicy: [
    { call: (e) => e.removeNamedGroupingPolicy('g2', ...writingReads), answer: true, gone: g2(writingReads) },
  ],
  removePolicies: [
    { call: (e) => e.removePolicies([readerReads, annReads]), answer: true, gone: p(readerReads, annReads) },
    { call: (e) => e.removePolicies([readerReads, newPolicy]), answer: false },
  ],
  removeNamedPolicies: [{ call: (e) => e.removeNamedPolicies('p', [annReads]), answer: true, gone: p(annReads) }],
  removeGroupingPolicies: [
    { call: (e) => e.removeGroupingPolicies([annInOne, bobInOne]), answer: true, gone: g(annInOne, bobInOne) },
    { call: (e) => e.removeGroupingPolicies([annInOne, newRole]), answer: false },
  ],
  removeNamedGroupingPolicies: [
    { call: (e) => e.removeNamedGroupingPolicies('g2', [writingLists]), answer: true, gone: g2(writingLists) },
  ],
  removeFilteredPolicy: [
    { call: (e) => e.removeFilteredPolicy(0, 'role^reader'), answer: true, gone: p(readerReads, readerLists) },
    { call: (e) => e.removeFilteredPolicy(0, '', 'act^read', ''), answer: true, gone: p(readerReads, annReads) },
    { call: (e) => e.removeFilteredPolicy(1, 'act^read', 'lib^1'), answer: true, gone: p(annReads) },
    { call: (e) => e.removeFilteredPolicy(2, 'lib^1'), answer: true, gone: p(annReads) },
    { call: (e) => e.removeFilteredPolicy(0, 'role^nobody'), answer: false },
    { call: (e) => e.removeFilteredPolicy(6, 'beyond every rule'), answer: false },
  ],
  removeFilteredNamedPolicy: [
    { call: (e) => e.removeFilteredNamedPolicy('p', 0, 'user^ann'), answer: true, gone: p(annReads) },
  ],
  removeFilteredGroupingPolicy: [
    { call: (e) => e.removeFilteredGroupingPolicy(0, 'user^ann', '', 'lib^2'), answer: true, gone: g(annInTwo) },
    {
      call: (e) => e.removeFilteredGroupingPolicy(2, 'lib^1'),
      answer: true,
      gone: g(annInOne, bobInOne, readerIsGuest, readerIsReader),
    },
    { call: (e) => e.removeFilteredGroupingPolicy(0, 'user^nobody'), answer: false },
  ],
  removeFilteredNamedGroupingPolicy: [
    {
      call: (e) => e.removeFilteredNamedGroupingPolicy('g2', 0, 'act^write'),
      answer: true,
      gone: g2(writingReads, writingLists),
    },
  ],
  addRoleForUser: [
    { call: (e) => e.addRoleForUser('user^new', 'role^reader', 'lib^1'), answer: true, come: g(newRole) },
  ],
  deleteRoleForUser: [
    { call: (e) => e.deleteRoleForUser('user^ann', 'role^reader', 'lib^1'), answer: true, gone: g(annInOne) },
    { call: (e) => e.deleteRoleForUser('user^ann', 'role^reader'), answer: false },
  ],
  deleteRolesForUser: [
    { call: (e) => e.deleteRolesForUser('user^ann'), answer: true, gone: g(annInOne, annInTwo) },
    { call: (e) => e.deleteRolesForUser('user^ann', 'lib^2'), answer: true, gone: g(annInTwo) },
    { call: (e) => e.deleteRolesForUser('user^ann', 'lib^3'), answer: false },
  ],
  deleteUser: [
    {
      call: (e) => e.deleteUser('user^ann'),
      answer: true,
      gone: [...p(annReads), ...g(annInOne, annInTwo)],
    },
    { call: (e) => e.deleteUser('user^bob'), answer: true, gone: g(bobInOne) },
    { call: (e) => e.deleteUser('user^nobody'), answer: false },
  ],
  deleteRole: [
    {
      call: (e) => e.deleteRole('role^reader'),
      answer: true,
      gone: [...p(readerReads, readerLists), ...g(annInOne, annInTwo, bobInOne, readerIsGuest, readerIsReader)],
    },
    { call: (e) => e.deleteRole('role^guest'), answer: true, gone: g(readerIsGuest) },
    { call: (e) => e.deleteRole('role^nobody'), answer: false },
  ],
  addPermissionForUser: [
    { call: (e) => e.addPermissionForUser('role^guest', 'act^read', 'lib^1'), answer: true, come: p(newPolicy) },
  ],
  deletePermission: [
    { call: (e) => e.deletePermission('act^read'), answer: true, gone: p(readerReads, annReads) },
    { call: (e) => e.deletePermission('act^read', 'lib^1'), answer: true, gone: p(annReads) },
    { call: (e) => e.deletePermission('act^none'), answer: false },
  ],
  deletePermissionForUser: [
    { call: (e) => e.deletePermissionForUser('user^ann', 'act^read', 'lib^1'), answer: true, gone: p(annReads) },
    { call: (e) => e.deletePermissionForUser('user^ann', 'act^read'), answer: false },
  ],
  deletePermissionsForUser: [
    { call: (e) => e.deletePermissionsForUser('role^reader'), answer: true, gone: p(readerReads, readerLists) },
  ],
};

const everyCase = Object.entries(cases).flatMap(([method, its]) =>
  its.map((one): [string, Case] => [`${method}: ${String(one.call).replace(/\s+/g, ' ')}`, one]),
);

/** Calls whose names sound like a change of rules, and which change how rules are read. */
const notAboutRules = ['addFunction', 'addNamedMatchingFunc', 'addNamedDomainMatchingFunc'];

const refusals: [string, RegExp, Call][] = [
  ['a filter without values', /fieldValues.*would remove every rule/, (e) => e.removeFilteredPolicy(0)],
  ["a filter of ''", /fieldValues.*would remove every rule/, (e) => e.removeFilteredGroupingPolicy(0, '')],
  ["a filter of many ''", /would remove every rule/, (e) => e.removeFilteredNamedGroupingPolicy('g2', 0, '', '')],
  ['a negative index', /^fieldIndex: /, (e) => e.removeFilteredPolicy(-1, 'role^reader')],
  ['half an index', /^fieldIndex: /, (e) => e.removeFilteredPolicy(0.5, 'role^reader')],
  ['an index that is text', /^fieldIndex: /, (e) => e.removeFilteredPolicy('0' as never, 'role^reader')],
  ['an index beyond the table', /^fieldValues: /, (e) => e.removeFilteredPolicy(7, 'role^reader')],
  ['values beyond the table', /^fieldValues: /, (e) => e.removeFilteredPolicy(0, ...Array<string>(8).fill('x'))],
  ['values beyond, from an index on', /^fieldValues: /, (e) => e.removeFilteredPolicy(5, 'x', '', '')],
  ['a number in a filter', /^fieldValues\[1\]: /, (e) => e.removeFilteredPolicy(0, 'role^reader', 42 as never)],
  ['null in a filter', /^fieldValues\[0\]: /, (e) => e.removeFilteredPolicy(0, null as never, 'act^read')],
  ['undefined in a filter', /^fieldValues\[0\]: /, (e) => e.removeFilteredPolicy(0, undefined as never, 'act^read')],
  ['NUL in a filter', /^fieldValues\[0\]: /, (e) => e.removeFilteredPolicy(0, 'role\0reader')],
  ['a filter of another section', /^ptype: /, (e) => e.removeFilteredNamedPolicy('g', 0, 'user^ann')],
  ['a filter of no type', /^ptype: /, (e) => e.removeFilteredNamedPolicy('p9', 0, 'user^ann')],
  ['an update to a rule that is too short', /^newRule: /, (e) => e.updatePolicy(readerReads, ['role^reader'])],
  ['an update to a rule that is too long', /^newRule: /, (e) => e.updatePolicy(readerReads, [...readerReads, 'x'])],
  ["an update to ''", /^newRule\[0\]: /, (e) => e.updateGroupingPolicy(annInOne, ['', 'role^reader', 'lib^1'])],
  ['an update to a number', /^newRule\[0\]: /, (e) => e.updatePolicy(readerReads, [1 as never, 'act^read', '*'])],
  ['an update of a number', /^oldRule\[0\]: /, (e) => e.updatePolicy([1 as never, 'act^read', '*'], readerReads)],
  ['an update of text', /^oldRule: /, (e) => e.updatePolicy('abc' as never, readerReads)],
  ['an update of nothing', /^oldRule: /, (e) => e.updatePolicy(undefined as never, readerReads)],
  ['an update in another section', /^ptype: /, (e) => e.updateNamedPolicy('g', annInOne, newRole)],
  ["deleteUser('')", /user must not be empty/, (e) => e.deleteUser('')],
  ['deleteUser()', /user must not be empty/, (e) => e.deleteUser(undefined as never)],
  ['deleteUser(42)', /^user: /, (e) => e.deleteUser(42 as never)],
  ["deleteRole('')", /role must not be empty/, (e) => e.deleteRole('')],
  ["deleteRolesForUser('')", /user must not be empty/, (e) => e.deleteRolesForUser('')],
  ["deleteRolesForUser(user, '')", /^domain: .*every domain/, (e) => e.deleteRolesForUser('user^ann', '')],
  ['deleteRolesForUser(user, null)', /^domain: /, (e) => e.deleteRolesForUser('user^ann', null as never)],
  ['deletePermission()', /permission must not be empty/, (e) => e.deletePermission()],
  ["deletePermission('')", /would remove every rule/, (e) => e.deletePermission('')],
  ["deletePermissionsForUser('')", /user must not be empty/, (e) => e.deletePermissionsForUser('')],
];

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
    expect(sorted(records.map(({ type, details }) => [type, details.ptype, ...details.rule]))).toEqual(
      sorted([
        ...gone.map(([ptype = '', ...rule]) => [`${typeOf(ptype)}.deleted`, ptype, ...rule]),
        ...come.map(([ptype = '', ...rule]) => [`${typeOf(ptype)}.created`, ptype, ...rule]),
      ]),
    );
    const calls = new Set(records.map(({ operationId, actor }) => `${operationId} by ${actor}`));
    expect([...calls]).toEqual(records.length > 0 ? [expect.stringMatching(/ by user\^7$/)] : []);
  }

  const typeOf = (ptype: string): string => ({ p: 'policy', g: 'role_assignment' })[ptype] ?? 'grouping';

  it('knows every call of Casbin that changes rules: audited, or refused', () => {
    const names = new Set<string>();
    for (let at: object = Enforcer.prototype; at !== Object.prototype; at = Object.getPrototypeOf(at) as object) {
      for (const name of Object.getOwnPropertyNames(at)) names.add(name);
    }
    const changing = [...names].filter((name) => /^(add|update|remove|delete|self|clear|save)/.test(name));
    const inside = /Internal|InternalEx|WithoutNotify|WithoutNotifyEx$/; // protected
    const unknown = changing.filter(
      (name) => !inside.test(name) && !(name in cases) && !(name in refusedCalls) && !notAboutRules.includes(name),
    );
    expect(unknown).toEqual([]);
    for (const name of Object.keys(cases)) expect(names).toContain(name);
  });

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
