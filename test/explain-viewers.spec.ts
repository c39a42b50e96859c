import { Explainer, type Explanation, GrantlogError } from 'grantlog';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { demoModel } from './support/models';

let cluster: Cluster;
let app: TestApp;
let explainer: Explainer;
beforeEach(async () => {
  cluster = await Cluster.create();
  app = await cluster.start({ grantlog: { model: demoModel(), scopeMatching: 'glob', listeners: false } });
  explainer = app.nest.get(Explainer);
  await app.enforcer.addPolicies([
    ['role^author', 'act^edit', 'lib^*', 'allow'],
    ['role^author', 'act^publish', 'lib^lib:Axim:*', 'allow'],
    ['role^owner', 'act^delete', 'lib^lib:Axim:math', 'allow'],
    ['role^secret', 'act^delete', 'lib^*', 'allow'],
  ]);
  await app.assignments.assign(
    [
      { subject: 'user^ann', role: 'role^team', scope: 'lib^lib:Axim:math' },
      { subject: 'role^team', role: 'role^author', scope: '*' },
      { subject: 'user^ann', role: 'role^owner', scope: 'lib^lib:Axim:logic' },
      { subject: 'user^ann', role: 'role^owner', scope: 'lib^lib:MITx:hidden' },
    ],
    { reason: 'a reason' },
  );
  await app.relay.drained();
});
afterEach(() => cluster.end());

const axim = { scopes: ['lib^lib:Axim:*'] };
const why = (action: string, visible: Parameters<Explainer['explain']>[1] = { visible: axim }): Promise<Explanation> =>
  explainer.explain({ subject: 'user^ann', action, scope: 'lib^lib:Axim:math' }, visible);

describe('a viewer who sees some scopes', () => {
  it('is told the answer, and that there are parts which they do not see, and nothing of those', async () => {
    const answer = await why('act^edit');
    expect(answer).toMatchObject({ allowed: true, rule: { hidden: true } });
    expect(answer.chain).toEqual([
      expect.objectContaining({ subject: 'user^ann', role: 'role^team', scope: 'lib^lib:Axim:math' }),
      { hidden: true },
    ]);
    expect(answer.rule).toEqual({ hidden: true });
    expect(JSON.stringify(answer)).not.toMatch(/role\^author/);
    expect(answer.chain[0]).toMatchObject({ record: { reason: 'a reason' } });
  });

  it('sees rules and links that lie in their scopes', async () => {
    expect((await why('act^publish')).rule).toMatchObject({
      values: ['role^author', 'act^publish', 'lib^lib:Axim:*', 'allow'],
    });
  });

  it('is not told of rules that are near, nor of scopes in which a role is held, outside of their own', async () => {
    const answer = await why('act^delete');
    expect(answer.nearest?.rules).toMatchObject([
      {
        rule: { values: ['role^owner', 'act^delete', 'lib^lib:Axim:math', 'allow'] },
        missing: [{ heldIn: ['lib^lib:Axim:logic'] }],
      },
    ]);
    expect(answer.nearest?.roles).toMatchObject([{ role: 'role^team' }]);
    expect(JSON.stringify(answer)).not.toMatch(/secret|MITx|role\^author/);
    const all = await why('act^delete', {});
    expect(JSON.stringify(all)).toMatch(/secret.*MITx|MITx.*secret/);
  });

  it('is told of as many near rules and roles as there are to be seen, whatever comes before them', async () => {
    const asked = { subject: 'user^bob', action: 'act^delete', scope: 'lib^lib:Axim:math' };
    const told = async (): Promise<unknown> => (await explainer.explain(asked, { visible: axim })).nearest;
    await app.assignments.assign({ subject: 'user^bob', role: 'role^a', scope: 'lib^lib:Axim:*' });
    await app.enforcer.removePolicy('role^owner', 'act^delete', 'lib^lib:Axim:math', 'allow');
    expect(await told()).toMatchObject({ rules: [], roles: [{ role: 'role^a' }], more: false });
    const names = Array.from({ length: 120 }, (_, at) => `role^hidden${at}`);
    await app.enforcer.addPolicies(names.map((role) => [role, 'act^delete', 'lib^*', 'allow']));
    await app.assignments.remove({ subject: 'user^bob', role: 'role^a', scope: 'lib^lib:Axim:*' });
    await app.assignments.assign(
      names.slice(0, 20).map((role) => ({ subject: 'user^bob', role: `${role}-held`, scope: '*' })),
    );
    await app.assignments.assign({ subject: 'user^bob', role: 'role^a', scope: 'lib^lib:Axim:*' });
    await app.enforcer.addPolicy('role^seen', 'act^delete', 'lib^lib:Axim:math', 'allow');
    expect(await told()).toMatchObject({
      rules: [{ rule: { values: ['role^seen', 'act^delete', 'lib^lib:Axim:math', 'allow'] } }],
      roles: [{ role: 'role^a' }],
      more: false,
    });
  });

  it.each([
    [{ scopes: ['lib^lib:MITx:*'] }],
    [{ scopes: ['lib^lib:Axim:mat'] }],
    [{ namespaces: ['course'] }],
    [{}],
    [{ namespaces: ['lib'], except: ['lib^lib:Axim:math'] }],
  ])('finds no scope outside of them: %j', async (visible) => {
    const answer = why('act^edit', { visible });
    await expect(answer).rejects.toThrow(GrantlogError);
    await expect(answer).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it.each([[axim], [{ namespaces: ['lib'] }], [{ scopes: ['*'] }], ['all' as const]])(
    'finds those inside: %j',
    async (visible) => {
      expect((await why('act^edit', { visible })).allowed).toBe(true);
    },
  );

  it('is told the same of the past', async () => {
    const asOf = (await app.records()).at(-1)?.recordedAt;
    const asked = { subject: 'user^ann', action: 'act^edit', scope: 'lib^lib:Axim:math', asOf };
    expect({ ...(await explainer.explain(asked, { visible: axim })) }).toEqual({ ...(await why('act^edit')), asOf });
  });
});
