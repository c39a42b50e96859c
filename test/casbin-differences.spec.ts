import { type Enforcer, type Model, newEnforcer, newModelFromString } from 'casbin';
import { InvalidInputError } from 'grantlog';
import { ambientTransactions, inAmbientTransaction } from './support/ambient-transactions';
import type { TestApp, TestAppOptions } from './support/app';
import { MemoryAdapter } from './support/casbin-twin';
import { Cluster } from './support/cluster';
import { factOf, letReadersRead, mayRead, reader, readerRule, rulesIn } from './support/facts';
import { scopedModel } from './support/models';

// What docs/casbin-differences.md says and no other test shows: plain Casbin first, then ours.
let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.create();
});
afterEach(() => cluster.end());

interface Both {
  readonly plain: Enforcer;
  readonly app: TestApp;
  readonly ours: Enforcer;
}

async function both(model: () => Model = scopedModel, options: Omit<TestAppOptions, 'url'> = {}): Promise<Both> {
  const plain = await newEnforcer(model(), new MemoryAdapter());
  const app = await cluster.start({ ...options, grantlog: { ...options.grantlog, model: model() } });
  return { plain, app, ours: app.enforcer };
}

const read = ['role^reader', 'act^read', '*'];
const write = ['role^reader', 'act^write', '*'];
const ann = readerRule('ann');

describe('one fact is one rule', () => {
  it('also when a batch names it twice', async () => {
    const { plain, ours, app } = await both();
    for (const enforcer of [plain, ours]) expect(await enforcer.addPolicies([read, read])).toBe(true);
    expect(await plain.getPolicy()).toEqual([read, read]);
    expect(await ours.getPolicy()).toEqual([read]);
    for (const enforcer of [plain, ours]) expect(await enforcer.addGroupingPoliciesEx([ann, ann])).toBe(true);
    expect([(await plain.getGroupingPolicy()).length, (await ours.getGroupingPolicy()).length]).toEqual([2, 1]);
    expect(await app.records()).toHaveLength(2);
  });

  it('also when an update makes one that is there: the old one goes, and the log says no more than that', async () => {
    const { plain, ours, app } = await both();
    for (const enforcer of [plain, ours]) {
      await enforcer.addPolicies([read, write]);
      expect(await enforcer.updatePolicy(read, write)).toBe(true);
    }
    expect(await plain.getPolicy()).toEqual([write, write]);
    expect(await ours.getPolicy()).toEqual([write]);
    expect((await app.records()).map(factOf).slice(2)).toEqual([['policy.deleted', 'p', ...read]]);
  });

  it('an update to itself is true if it is there, and changes and records nothing', async () => {
    const { plain, ours, app } = await both();
    for (const enforcer of [plain, ours]) {
      await enforcer.addPolicy(...read);
      expect(await enforcer.updatePolicy(read, read)).toBe(true);
      expect(await enforcer.updatePolicy(write, write)).toBe(false);
    }
    expect(await app.records()).toHaveLength(1);
  });
});

describe('the order of rules', () => {
  const prioritized = (): Model =>
    newModelFromString(`
      [request_definition]
      r = sub, act
      [policy_definition]
      p = priority, sub, act, eft
      [role_definition]
      g = _, _
      [policy_effect]
      e = priority(p.eft) || deny
      [matchers]
      m = r.sub == p.sub && r.act == p.act`);
  const allow = ['10', 'user^ann', 'act^read', 'allow'];
  const deny = ['9', 'user^ann', 'act^read', 'deny'];

  it('by priority is that after loading, also after adding: plain Casbin compares the numbers as text', async () => {
    const { plain, ours } = await both(prioritized);
    for (const enforcer of [plain, ours]) {
      await enforcer.addPolicy(...deny);
      await enforcer.addPolicy(...allow);
    }
    expect(await plain.enforce('user^ann', 'act^read')).toBe(true);
    await plain.loadPolicy();
    expect(await plain.enforce('user^ann', 'act^read')).toBe(false);
    expect(await ours.enforce('user^ann', 'act^read')).toBe(false);
    expect(await ours.getPolicy()).toEqual([deny, allow]);
  });

  it('may be changed by an update of the priority, which plain Casbin refuses after it has saved it', async () => {
    const { plain, ours } = await both(prioritized);
    const first = ['1', ...allow.slice(1)];
    for (const enforcer of [plain, ours]) await enforcer.addPolicies([allow, deny]);
    await expect(plain.updatePolicy(allow, first)).rejects.toThrow('same priority');
    expect((plain.getAdapter() as MemoryAdapter).rows).toContainEqual(['p', ...first]);
    expect(await ours.updatePolicy(allow, first)).toBe(true);
    expect(await ours.enforce('user^ann', 'act^read')).toBe(true);
  });

  it('without priorities is that in which they came: an updated rule comes last, and keeps its place in plain Casbin', async () => {
    const { plain, ours } = await both();
    const renewed = ['role^owner', 'act^read', '*'];
    for (const enforcer of [plain, ours]) {
      await enforcer.addPolicy(...read);
      await enforcer.addPolicy(...write);
      await enforcer.updatePolicy(read, renewed);
    }
    expect(await plain.getPolicy()).toEqual([renewed, write]);
    expect(await ours.getPolicy()).toEqual([write, renewed]);
  });

  it('of a batch is that of its values, unless it decides: then it is the one given, as in plain Casbin', async () => {
    const given = [write, read];
    const inherited = (): Model =>
      newModelFromString(`
        [request_definition]
        r = sub, act, scope
        [policy_definition]
        p = sub, act, scope
        [role_definition]
        g = _, _
        [policy_effect]
        e = priority(p.eft) || deny
        [matchers]
        m = r.sub == p.sub && r.act == p.act`);
    for (const [model, expected] of [
      [scopedModel, [read, write]],
      [inherited, given],
    ] as const) {
      const { plain, ours, app } = await both(model);
      for (const enforcer of [plain, ours]) await enforcer.addPolicies(given);
      expect(await plain.getPolicy()).toEqual(given);
      expect(await ours.getPolicy()).toEqual(expected);
      await ours.removePolicies(given);
      await cluster.close(app);
    }
  });
});

describe('what plain Casbin takes and ours refuses', () => {
  const refusals: [string, (enforcer: Enforcer) => Promise<unknown>, unknown][] = [
    ["'' in a grouping", (enforcer) => enforcer.addGroupingPolicy('user^ann', 'role^reader', ''), true],
    ['a rule with a column too few', (enforcer) => enforcer.addPolicy('role^reader', 'act^read'), true],
    ['a rule with a column too many', (enforcer) => enforcer.addPolicy(...read, 'allow'), true],
    ['an assignment with a column too many', (enforcer) => enforcer.addGroupingPolicy(...ann, 'more'), true],
    ["all roles of a user in the domain ''", (enforcer) => enforcer.deleteRolesForUser('user^old', ''), true],
    ['a column before the first', (enforcer) => enforcer.removeFilteredPolicy(-1, 'act^read'), false],
    ['a policy type that the model lacks', (enforcer) => enforcer.addNamedPolicy('p9', ...read), false],
    ['a policy type of the other section', (enforcer) => enforcer.addNamedPolicy('g', ...ann), false],
    ['values that are no text', (enforcer) => enforcer.addPolicy('role^reader', 7 as never, '*'), true],
  ];

  it.each(refusals)('%s', async (_, call, answer) => {
    const { plain, ours, app } = await both();
    for (const enforcer of [plain, ours]) await enforcer.addGroupingPolicy(...readerRule('old'));
    expect(await call(plain)).toBe(answer);
    await expect(call(ours)).rejects.toThrow(InvalidInputError);
    expect(await rulesIn(app.dataSource)).toEqual([['g', ...readerRule('old')]]);
    expect(await app.records()).toHaveLength(1);
  });

  it('more rules in one call than the option maxRules allows', async () => {
    const { plain, ours, app } = await both(scopedModel, { grantlog: { maxRules: 2 } });
    const rules = [ann, readerRule('bob'), readerRule('eve')];
    expect(await plain.addGroupingPolicies(rules)).toBe(true);
    await expect(ours.addGroupingPolicies(rules)).rejects.toThrow(/maxRules/);
    expect(await rulesIn(app.dataSource)).toEqual([]);
  });
});

describe('what ours remembers', () => {
  it('are scopes in which somebody has a role: plain Casbin also remembers those it was asked about', async () => {
    const { plain, ours } = await both();
    for (const enforcer of [plain, ours]) {
      await enforcer.addPolicy(...read);
      await enforcer.addGroupingPolicy(...readerRule('ann', 'lib^1'));
      await enforcer.enforce('user^ann', 'act^read', 'lib^asked');
      await enforcer.removeGroupingPolicy(...readerRule('ann', 'lib^1'));
    }
    expect(await plain.getAllDomains()).toEqual(expect.arrayContaining(['lib^asked', 'lib^1']));
    expect(await ours.getAllDomains()).toEqual(['casbin::default']); // as an enforcer without rules answers
  });

  it('are copies of the arrays that it is given and gives: a caller who changes his changes no rule', async () => {
    const { plain, ours } = await both();
    for (const [enforcer, name] of [
      [plain, 'role^changed later'],
      [ours, 'role^reader'],
    ] as const) {
      const given = [...read];
      await enforcer.addPolicies([given]);
      given[0] = 'role^changed';
      for (const got of await enforcer.getPolicy()) got[0] += ' later';
      expect((await enforcer.getPolicy())[0]?.[0]).toBe(name);
    }
  });

  it('is not to be changed through enforceEx, which hands out the rule itself: it is read-only', async () => {
    const { plain, ours } = await both();
    for (const enforcer of [plain, ours]) {
      await enforcer.addPolicy(...read);
      await enforcer.addGroupingPolicy(...ann);
    }
    const [, decidedPlain] = await plain.enforceEx('user^ann', 'act^read', '*');
    decidedPlain[0] = 'role^nobody';
    expect(await plain.enforce('user^ann', 'act^read', '*')).toBe(false);
    const [, decided] = await ours.enforceEx('user^ann', 'act^read', '*');
    expect(decided).toEqual(read);
    expect(() => (decided[0] = 'role^nobody')).toThrow(TypeError);
    expect(await ours.enforce('user^ann', 'act^read', '*')).toBe(true);
  });

  it('are no rules of the model that it is given, because no table has them', async () => {
    const model = scopedModel();
    model.addPolicy('p', 'p', [...read]);
    const app = await cluster.start({ grantlog: { model } });
    expect(await (await newEnforcer(model)).getPolicy()).toEqual([read]);
    expect(await app.enforcer.getPolicy()).toEqual([]);
  });

  it('are links to all its rules: enableAutoBuildRoleLinks(false) and buildRoleLinks change nothing', async () => {
    const { plain, ours } = await both();
    for (const enforcer of [plain, ours]) {
      await enforcer.addPolicy(...read);
      await enforcer.addGroupingPolicy(...ann);
      enforcer.enableAutoBuildRoleLinks(false);
      await enforcer.getRoleManager().clear();
      await enforcer.loadPolicy();
    }
    expect(await plain.enforce('user^ann', 'act^read', '*')).toBe(false);
    expect(await ours.enforce('user^ann', 'act^read', '*')).toBe(true);
    await ours.buildRoleLinks();
    expect(await ours.enforce('user^ann', 'act^read', '*')).toBe(true);
  });

  it("in a caller's transaction is what is committed: the answers know the transaction, memory follows its end", async () => {
    const { ours, app } = await both(scopedModel, ambientTransactions);
    await letReadersRead(app);
    await inAmbientTransaction(async () => {
      expect(await ours.addGroupingPolicy(...ann)).toBe(true);
      expect(await ours.addGroupingPolicy(...ann)).toBe(false);
      await ours.loadPolicy();
      expect(await ours.hasGroupingPolicy(...ann)).toBe(false);
      expect(await mayRead(app, 'ann')).toBe(false);
      expect(await ours.removeGroupingPolicy(...ann)).toBe(true);
    });
    expect(await rulesIn(app.dataSource)).toHaveLength(1);
  });
});

it('deleteRole takes the role from those who have it, which plain Casbin leaves', async () => {
  const { plain, ours, app } = await both();
  for (const enforcer of [plain, ours]) {
    await enforcer.addPolicy(...read);
    await enforcer.addGroupingPolicy(...ann);
    await enforcer.addGroupingPolicy('role^reader', 'role^guest', '*');
    expect(await enforcer.deleteRole('role^reader')).toBe(true);
  }
  expect(await plain.getRolesForUser('user^ann', '*')).toEqual(['role^reader']);
  expect(await ours.getRolesForUser('user^ann', '*')).toEqual([]);
  expect(await rulesIn(app.dataSource)).toEqual([]);
  expect((await app.assignments.assign(reader('ann'))).changed).toBe(true);
});
