import { CachedEnforcer, Enforcer, Util } from 'casbin';
import {
  type ExplainedLink,
  Explainer,
  type Explanation,
  type HiddenPart,
  InvalidInputError,
  KeySyntax,
} from 'grantlog';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { allowed, definition } from './support/explained-models';
import { plainModel, scopedModel } from './support/models';

let cluster: Cluster;
let app: TestApp;
beforeEach(async () => {
  cluster = await Cluster.create();
});
afterEach(() => cluster.end());

const matcher = 'g(r.sub, p.sub, r.scope) && r.act == p.act';
const here = 'lib^1';
const anywhere = ['act^read', '*'] as const;

async function start(grantlog: object = {}): Promise<void> {
  app = await cluster.start({ grantlog: { listeners: false, ...grantlog } });
}

async function why(subject = 'user^ann', action = 'act^read', scope = here): Promise<Explanation> {
  await app.relay.drained();
  const answer = await app.nest.get(Explainer).explain({ subject, action, scope });
  expect(answer.allowed).toBe(await app.enforcer.enforce(subject, action, scope));
  return answer;
}

const roleOf = (link: ExplainedLink | HiddenPart): string => (link.hidden ? 'hidden' : link.role);
const give = (subject: string, role: string, scope = here): Promise<unknown> =>
  app.enforcer.addGroupingPolicy(subject, role, scope);

describe('an explanation', () => {
  it('of an empty policy, of somebody unknown, and of an action that no rule names, is a denial with nothing near', async () => {
    await start();
    const nothing = {
      allowed: false,
      decidedBy: 'no rule',
      rule: null,
      chain: [],
      nearest: { rules: [], roles: [], more: false },
    };
    expect(await why()).toMatchObject(nothing);
    await app.enforcer.addPolicy('role^reader', ...anywhere);
    expect(await why('user^nobody', 'act^fly')).toMatchObject(nothing);
    expect((await why('user^nobody')).nearest?.rules).toMatchObject([
      { missing: [{ role: 'role^reader', heldIn: [] }] },
    ]);
  });

  it.each([
    'user^"quoted"',
    "user^o'neil",
    'user^a,b',
    'user^(x',
    'user^\\',
    'user^$1',
    'user^ñ𝒳',
    'user^{"a":1}',
    'user^ blank ',
  ])('takes %s for what it is', async (subject) => {
    await start();
    await app.enforcer.addPolicy('role^"r"', ...anywhere);
    await give(subject, 'role^,t');
    await give('role^,t', 'role^"r"');
    expect((await why(subject)).chain.map(roleOf)).toEqual(['role^,t', 'role^"r"']);
    expect((await why(`${subject}2`)).allowed).toBe(false);
  });

  it.each(['', '\0', 'a\nb', '\ud800', 'x'.repeat(256), 7, null, undefined])(
    'refuses %j as a subject',
    async (subject) => {
      await start();
      const asked = { subject: subject as string, action: 'act^read', scope: here };
      await expect(app.nest.get(Explainer).explain(asked)).rejects.toMatchObject({ field: 'subject' });
    },
  );

  it('ends where roles go round in circles, and names the shortest way', async () => {
    await start();
    await app.enforcer.addPolicy('role^c', ...anywhere);
    for (const [role, above] of ['ab', 'bc', 'ca', 'cb', 'aa']) await give(`role^${role}`, `role^${above}`);
    await give('user^ann', 'role^a');
    const answer = await why();
    expect([answer.chain.map(roleOf), answer.otherWays]).toEqual([['role^a', 'role^b', 'role^c'], false]);
    expect((await why('user^ann', 'act^fly')).nearest?.roles.map(roleOf)).toEqual(['role^a', 'role^b', 'role^c']);
    await give('user^ann', 'role^b');
    const shorter = await why();
    expect([shorter.chain.map(roleOf), shorter.otherWays]).toEqual([['role^b', 'role^c'], true]);
  });

  it('goes as deep as Casbin does, and no deeper', async () => {
    await start();
    for (let level = 0; level < 12; level += 1) await give(`role^${level}`, `role^${level + 1}`);
    await app.enforcer.addPolicies([
      ['role^10', 'act^ten', '*'],
      ['role^11', 'act^eleven', '*'],
    ]);
    expect((await why('role^0', 'act^ten')).chain).toHaveLength(10);
    expect(await why('role^0', 'act^eleven')).toMatchObject({ allowed: false });
    expect((await why('role^0', 'act^eleven')).nearest?.rules).toMatchObject([{ missing: [{ role: 'role^11' }] }]);
  });

  it('keeps to ten of what is near, and says that there is more', async () => {
    await start();
    const many = Array.from({ length: 25 }, (_, at) => `role^${String(at).padStart(2, '0')}`);
    await app.enforcer.addPolicies(many.map((role) => [role, ...anywhere]));
    await give('user^ann', 'role^24', 'lib^other');
    for (const role of many) await give('user^ann', role.replace('^', '^idle-'));
    const { nearest } = await why();
    const roles = nearest?.rules.map(({ missing }) => missing[0]?.role);
    expect(roles).toEqual(['role^24', ...many.slice(0, 9)]);
    expect([nearest?.roles.length, nearest?.more]).toEqual([10, true]);
  });

  it('says of a rule which came past Grantlog, or is not recorded yet, why there is no record', async () => {
    await start();
    await app.enforcer.addPolicy('role^reader', ...anywhere);
    await app.relay.drained();
    await app.dataSource.query(
      `INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'user^ann', 'role^reader', '${here}')`,
    );
    expect((await why('user^bob')).allowed).toBe(false);
    const explainer = app.nest.get(Explainer);
    const asked = { subject: 'user^ann', action: 'act^read', scope: here };
    expect((await explainer.explain(asked)).chain).toMatchObject([{ record: null, unrecorded: 'past Grantlog' }]);

    await app.relay.stop();
    await give('user^bob', 'role^reader');
    const bob = await explainer.explain({ ...asked, subject: 'user^bob' });
    expect(bob.chain).toMatchObject([{ record: null, unrecorded: 'waiting' }]);
    expect(bob.rule).toMatchObject({ record: { type: 'policy.created' } });
  });

  it('knows at once what another node has committed', async () => {
    await start();
    const other = await cluster.start({ grantlog: { listeners: false } });
    await other.enforcer.addPolicy('role^reader', ...anywhere);
    await other.assignments.assign({ subject: 'user^ann', role: 'role^reader', scope: here });
    const explainer = app.nest.get(Explainer);
    expect(await explainer.explain({ subject: 'user^ann', action: 'act^read', scope: here })).toMatchObject({
      allowed: true,
    });
  });

  it('is refused where requests are not of three values', async () => {
    await start({ model: definition('sub, act, scope', 'g = _, _, _', allowed, matcher, 'sub, act, scope, more') });
    const answer = app.nest.get(Explainer).explain({ subject: 'user^ann', action: 'act^read', scope: here });
    await expect(answer).rejects.toThrow(InvalidInputError);
    await expect(answer).rejects.toThrow('model: has requests of 4 values');
  });
});

describe('the enforcer of the host', () => {
  it('is asked with its functions, also those that were added later, and with what its matcher computes', async () => {
    const model = definition(
      'sub, act, scope',
      'g = _, _, _',
      allowed,
      'g(owner(r.sub), p.sub, r.scope) && r.act == p.act',
    );
    await start({ model });
    await app.enforcer.addFunction('owner', (name: string) => name.replace('token^', 'user^'));
    await app.enforcer.addPolicy('role^reader', ...anywhere);
    await give('user^ann', 'role^reader');
    expect((await why('token^ann')).chain).toMatchObject([{ subject: 'user^ann', role: 'role^reader' }]);
  });

  it('is not proven by roles that were asked about and did not matter', async () => {
    const rare = '(g(r.sub, "role^vip", r.scope) && r.act == "act^rare")';
    await start({ model: definition('sub, act, scope', 'g = _, _, _', allowed, `${rare} || (${matcher})`) });
    await app.enforcer.addPolicy('role^reader', ...anywhere);
    for (const role of ['role^vip', 'role^reader']) await give('user^ann', role);
    const answer = await why();
    expect([answer.chain.map(roleOf), answer.otherWays]).toEqual([['role^reader'], false]);
  });

  it('is asked by rules that hold conditions', async () => {
    const model = definition('rule, act, scope', 'g = _, _, _', allowed, 'eval(p.rule) && r.act == p.act');
    await start({ model });
    await app.enforcer.addPolicy('g(r.sub, "role^reader", r.scope)', ...anywhere);
    await give('user^ann', 'role^reader');
    expect((await why()).chain.map(roleOf)).toEqual(['role^reader']);
    expect((await why('user^bob')).nearest?.rules).toMatchObject([{ missing: [{ role: 'role^reader' }] }]);
  });

  it('is asked by its functions for names, of whose links none can be told', async () => {
    await start({ model: plainModel() });
    await app.enforcer.addNamedMatchingFunc('g', Util.keyMatchFunc);
    await app.enforcer.addPolicy('role^reader', ...anywhere);
    await app.enforcer.addGroupingPolicy('user^*', 'role^reader');
    await app.enforcer.addGroupingPolicy('user^bob', 'role^reader');
    expect(await why()).toMatchObject({ allowed: true, chain: [], untold: ['g'] });
    expect((await why('user^bob')).chain.map(roleOf)).toEqual(['role^reader']);
  });

  it('allows everything when it is switched off, and is said to be', async () => {
    await start();
    app.enforcer.enableEnforce(false);
    expect(await why()).toMatchObject({ allowed: true, decidedBy: 'switched off', rule: null, nearest: null });
  });

  it('decides by its class, and takes over nothing from the past', async () => {
    /** Denies whom it is told to, and remembers by itself what it has decided. */
    class Strict extends CachedEnforcer {
      banned = '';
      readonly own = new Map<string, [boolean, string[]]>();

      override async enforceEx(...request: unknown[]): Promise<[boolean, string[]]> {
        if (request[0] === this.banned) return [false, []];
        const known = this.own.get(request.join()) ?? (await super.enforceEx(...request));
        this.own.set(request.join(), known);
        return known;
      }
    }
    const host = new Strict();
    await host.initWithModelAndAdapter(scopedModel());
    host.banned = 'user^mallory';
    await start({ model: undefined, enforcer: host });
    await app.enforcer.addPolicy('role^reader', ...anywhere);
    for (const name of ['ann', 'mallory']) await give(`user^${name}`, 'role^reader');
    const granted = (await app.records()).at(-1)?.recordedAt;
    await app.enforcer.removeFilteredGroupingPolicy(0, 'user^ann');
    await app.relay.drained();
    const explainer = app.nest.get(Explainer);
    const asked = { subject: 'user^ann', action: 'act^read', scope: here };
    expect(await explainer.explain({ ...asked, asOf: granted })).toMatchObject({ allowed: true });
    expect(await app.enforcer.enforceEx(...Object.values(asked))).toEqual([false, []]);
    expect(await explainer.explain({ ...asked, subject: 'user^mallory', asOf: granted })).toMatchObject({
      allowed: false,
    });
    expect(host.own.size).toBe(1);
  });

  it('is neither asked nor changed', async () => {
    await start();
    await app.enforcer.addPolicy('role^reader', ...anywhere);
    await give('user^ann', 'role^reader');
    const model = app.enforcer.getModel();
    const before = [
      model.getPolicy('p', 'p'),
      model.getPolicy('g', 'g'),
      await app.enforcer.getRoleManager().getAllDomains(),
    ];
    const asked = jest.spyOn(app.enforcer, 'enforceEx');
    const roles = jest.spyOn(app.enforcer.getRoleManager(), 'hasLink');
    await app.nest.get(Explainer).explain({ subject: 'user^ann', action: 'act^read', scope: 'lib^unheard-of' });
    expect([asked.mock.calls.length, roles.mock.calls.length]).toEqual([0, 0]);
    const after = [
      model.getPolicy('p', 'p'),
      model.getPolicy('g', 'g'),
      await app.enforcer.getRoleManager().getAllDomains(),
    ];
    expect(after).toEqual(before);
  });

  it('may hold functions that take connections: none is held while it decides', async () => {
    const model = definition('sub, act, scope', 'g = _, _, _', allowed, `${matcher} && ask()`);
    await cluster.start({ grantlog: { listeners: false } });
    app = await cluster.start({ grantlog: { model, listeners: false, notifications: false }, poolSize: 2 });
    await app.enforcer.addFunction('ask', async () => {
      await app.dataSource.query('SELECT 1');
      return true;
    });
    await app.enforcer.addPolicy('role^reader', ...anywhere);
    await give('user^ann', 'role^reader');
    const explainer = app.nest.get(Explainer);
    const asked = { subject: 'user^ann', action: 'act^read', scope: here };
    const answers = await Promise.all(Array.from({ length: 12 }, () => explainer.explain(asked)));
    expect(answers.every(({ allowed }) => allowed)).toBe(true);
  });

  it('need not be there: a DataSource and a model are enough', async () => {
    await start();
    await app.enforcer.addPolicy('role^reader', ...anywhere);
    await give('user^ann', 'role^reader', 'lib^*');
    await app.relay.drained();
    const { dataSource } = app;
    const parts = { dataSource, keys: new KeySyntax(), model: scopedModel(), enforcerClass: Enforcer };
    const asked = { subject: 'user^ann', action: 'act^read', scope: here };
    expect(await new Explainer({ ...parts, scopeMatching: 'glob' }).explain(asked)).toMatchObject({ allowed: true });
    expect(await new Explainer({ ...parts, scopeMatching: 'exact' }).explain(asked)).toMatchObject({ allowed: false });
  });
});
