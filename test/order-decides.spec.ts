import { newEnforcer, newModelFromString, StringAdapter } from 'casbin';
import { startApp, type TestApp } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';
import { untilSo } from './support/until';

const model = (effect: string, policy = 'sub, act, scope, eft'): string => `
[request_definition]
r = sub, act, scope
[policy_definition]
p = ${policy}
[role_definition]
g = _, _
[policy_effect]
e = ${effect}
[matchers]
m = g(r.sub, p.sub) && r.act == p.act && r.scope == p.scope`;

/** Casbin finds the hierarchy of subjects only where the second column is called "obj". */
const bySubject = model('subjectPriority(p.eft) || deny').replaceAll('act', 'obj');

const implicit = model('priority(p.eft) || deny');
const explicit = model('priority(p.eft) || deny', 'priority, sub, act, scope, eft');

const allow = (who: string): string[] => [who, 'act^read', 'lib^x', 'allow'];
const deny = (who: string): string[] => [who, 'act^read', 'lib^x', 'deny'];

describe('where the order of the rules decides', () => {
  let database: TestDatabase;
  const apps: TestApp[] = [];
  const start = async (text: string): Promise<TestApp> => {
    const app = await startApp({ url: database.url, grantlog: { model: newModelFromString(text) } });
    apps.push(app);
    return app;
  };
  const reads = (app: TestApp, who = 'user^ann'): Promise<boolean> => app.enforcer.enforce(who, 'act^read', 'lib^x');
  const seenBy = async (app: TestApp, rules: string[][]): Promise<void> =>
    untilSo(async () => JSON.stringify(await app.enforcer.getPolicy()) === JSON.stringify(rules));

  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(async () => {
    for (const app of apps.splice(0)) await app.close();
    await database.drop();
  });

  it('it is the order of the table on every node, whoever heard of what first', async () => {
    const [left, right] = [await start(implicit), await start(implicit)];
    const early = left.dataSource.createQueryRunner();
    await early.startTransaction();
    // The row that came first commits last: to a node that adds what it hears of at the end, it would be the second one.
    await early.query(
      `INSERT INTO casbin_rule (ptype, v0, v1, v2, v3) VALUES ('p', 'user^nobody', 'act^read', 'lib^x', 'deny')`,
    );
    const first = await early.query(`SELECT nextval('casbin_rule_id_seq') AS id`);
    await right.enforcer.addPolicy(...allow('user^ann'));
    expect(await reads(right)).toBe(true);
    await early.rollbackTransaction();
    await early.release();
    await left.enforcer.addPolicy(...deny('user^ann'));
    await left.dataSource.query(`UPDATE casbin_rule SET id = $1 WHERE v3 = 'deny'`, [first[0].id]);
    await left.enforcer.addPolicy(...allow('user^bob')); // of which both nodes hear
    const rules = [deny('user^ann'), allow('user^ann'), allow('user^bob')];
    expect(await left.enforcer.getPolicy()).toEqual(rules);
    await seenBy(right, rules);
    expect([await reads(left), await reads(right)]).toEqual([false, false]);
  });

  it('an update keeps the place of the rule', async () => {
    const [left, right] = [await start(implicit), await start(implicit)];
    await left.enforcer.addPolicies([deny('user^bob'), allow('user^ann')]);
    expect(await left.enforcer.updatePolicy(deny('user^bob'), deny('user^ann'))).toBe(true);
    const rules = [deny('user^ann'), allow('user^ann')];
    expect(await left.enforcer.getPolicy()).toEqual(rules);
    await seenBy(right, rules);
    expect([await reads(left), await reads(right)]).toEqual([false, false]);
  });

  it('a column "priority" is a number, the lowest first, also where Casbin would put an addition elsewhere', async () => {
    const [left, right] = [await start(explicit), await start(explicit)];
    await left.enforcer.addPolicy('10', ...allow('user^ann'));
    await left.enforcer.addPolicy('9', ...deny('user^ann'));
    await left.enforcer.addPolicy('100', ...deny('user^bob'));
    const rules = [
      ['9', ...deny('user^ann')],
      ['10', ...allow('user^ann')],
      ['100', ...deny('user^bob')],
    ];
    expect(await left.enforcer.getPolicy()).toEqual(rules);
    expect(await left.enforcer.getFilteredPolicy(1, 'user^ann')).toEqual(rules.slice(0, 2));
    await seenBy(right, rules);
    expect([await reads(left), await reads(right)]).toEqual([false, false]);
  });

  it('the rules of a subject come before those of its roles, as in Casbin after a load', async () => {
    const [left, right] = [await start(bySubject), await start(bySubject)];
    const [forRole, forUser] = [deny('role^reader'), allow('user^ann')];
    await left.enforcer.addPolicies([forRole, forUser]);
    await left.enforcer.addGroupingPolicy('user^ann', 'role^reader');
    const lines = `p, ${forRole.join(', ')}\np, ${forUser.join(', ')}\ng, user^ann, role^reader`;
    const plain = await newEnforcer(newModelFromString(bySubject), new StringAdapter(lines));
    expect(await left.enforcer.getPolicy()).toEqual(await plain.getPolicy());
    await seenBy(right, await plain.getPolicy());
    const expected = await plain.enforce('user^ann', 'act^read', 'lib^x');
    expect([await reads(left), await reads(right)]).toEqual([expected, expected]);
    expect(expected).toBe(true);
  });

  it('a rule that was taken out of memory past the enforcer comes back to its place', async () => {
    const app = await start(implicit);
    const rules = [deny('user^ann'), allow('user^ann')];
    await app.enforcer.addPolicies(rules);
    app.enforcer.getModel().removePolicy('p', 'p', deny('user^ann'));
    expect(await reads(app)).toBe(true);
    await seenBy(app, rules);
    expect(await reads(app)).toBe(false);
  });

  it('the hierarchy of subjects orders every policy type by the columns of "p", as in Casbin', async () => {
    const text = `${bySubject.replace('[role_definition]', 'p2 = sub, obj, scope, eft\n[role_definition]')}
m2 = g(r.sub, p2.sub) && r.obj == p2.obj && r.scope == p2.scope`;
    const app = await start(text);
    const rules = [deny('role^reader'), allow('user^ann')];
    for (const rule of rules) await app.enforcer.addNamedPolicy('p2', ...rule);
    await app.enforcer.addGroupingPolicy('user^ann', 'role^reader');
    const lines = [...rules.map((rule) => ['p2', ...rule]), ['g', 'user^ann', 'role^reader']];
    const plain = await newEnforcer(
      newModelFromString(text),
      new StringAdapter(lines.map((line) => line.join(', ')).join('\n')),
    );
    expect(await plain.getNamedPolicy('p2')).toEqual([allow('user^ann'), deny('role^reader')]);
    expect(await app.enforcer.getNamedPolicy('p2')).toEqual(await plain.getNamedPolicy('p2'));
  });
});
