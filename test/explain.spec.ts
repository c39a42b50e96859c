import { type AuditRecord, type ExplainedLink, Explainer, type Explanation, type HiddenPart } from 'grantlog';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { demoModel } from './support/models';

let cluster: Cluster;
let app: TestApp;
let explainer: Explainer;
beforeEach(async () => {
  cluster = await Cluster.create();
});
afterEach(() => cluster.end());

const rules: [ptype: string, ...values: string[]][] = [
  ['p', 'role^author', 'act^manage', 'lib^*', 'allow'],
  ['p', 'role^admin', 'act^delete', 'lib^*', 'allow'],
  ['p', 'role^admin', 'act^delete', 'lib^lib:Axim:archive', 'deny'],
  ['g2', 'act^manage', 'act^edit'],
  ['g2', 'act^edit', 'act^view'],
];

async function start(): Promise<void> {
  app = await cluster.start({ grantlog: { model: demoModel(), scopeMatching: 'glob', listeners: false } });
  explainer = app.nest.get(Explainer);
  for (const [ptype, ...values] of rules) {
    if (ptype === 'p') await app.enforcer.addNamedPolicy(ptype, ...values);
    else await app.enforcer.addNamedGroupingPolicy(ptype, ...values);
  }
}

const assign = (subject: string, role: string, scope: string): Promise<unknown> =>
  app.assignments.assign({ subject, role, scope }, { reason: `${subject} is ${role}` });

const ruleOf = (part: ExplainedLink | HiddenPart): readonly string[] | 'hidden' => (part.hidden ? 'hidden' : part.rule);
const reasonOf = (part: { record: AuditRecord | null } | HiddenPart): string | null | undefined =>
  'record' in part ? part.record?.reason : undefined;

async function why(subject: string, action: string, scope: string, asOf?: string): Promise<Explanation> {
  await app.relay.drained();
  return explainer.explain({ subject, action, scope, asOf });
}

describe('an explanation', () => {
  it('names the rule, the chain of assignments to its subject and of implied actions, and who granted each', async () => {
    await start();
    await assign('user^ann', 'role^team', 'lib^lib:Axim:*');
    await assign('role^team', 'role^author', '*');
    const answer = await why('user^ann', 'act^view', 'lib^lib:Axim:math');
    expect(answer).toMatchObject({
      allowed: true,
      decidedBy: 'rule',
      rule: { ptype: 'p', values: rules[0]?.slice(1), record: { type: 'policy.created' }, unrecorded: null },
      otherWays: false,
      untold: [],
      nearest: null,
    });
    expect(answer.chain.map(ruleOf)).toEqual([
      ['user^ann', 'role^team', 'lib^lib:Axim:*'],
      ['role^team', 'role^author', '*'],
      ['act^manage', 'act^edit'],
      ['act^edit', 'act^view'],
    ]);
    expect(answer.chain.slice(0, 2).map(reasonOf)).toEqual(['user^ann is role^team', 'role^team is role^author']);
    expect(await app.enforcer.enforce('user^ann', 'act^view', 'lib^lib:Axim:math')).toBe(true);
  });

  it('of a denial by a rule names that rule and the chain to it', async () => {
    await start();
    await assign('user^joan', 'role^admin', 'lib^lib:Axim:*');
    const answer = await why('user^joan', 'act^delete', 'lib^lib:Axim:archive');
    expect(answer).toMatchObject({ allowed: false, rule: { values: rules[2]?.slice(1) }, nearest: null });
    expect(answer.chain.map(ruleOf)).toEqual([['user^joan', 'role^admin', 'lib^lib:Axim:*']]);
  });

  it('of a denial by no rule says which role is missing, where the subject has it, and which roles are there', async () => {
    await start();
    await assign('user^carl', 'role^admin', 'lib^lib:MITx:physics');
    await assign('user^carl', 'role^reader', 'lib^lib:Axim:math');
    const { nearest, ...answer } = await why('user^carl', 'act^delete', 'lib^lib:Axim:math');
    expect(answer).toEqual({
      allowed: false,
      decidedBy: 'no rule',
      rule: null,
      chain: [],
      otherWays: false,
      untold: [],
    });
    const missing = { ptype: 'g', subject: 'user^carl', role: 'role^admin', scope: 'lib^lib:Axim:math' };
    expect(nearest?.rules).toMatchObject([
      { rule: { values: rules[1]?.slice(1) }, missing: [{ ...missing, heldIn: ['lib^lib:MITx:physics'] }] },
    ]);
    expect(nearest?.roles.map(({ role, scope }) => [role, scope])).toEqual([['role^reader', 'lib^lib:Axim:math']]);
  });

  it('of the past goes by the assignments and policies of then', async () => {
    await start();
    await assign('user^ann', 'role^author', 'lib^lib:Axim:math');
    const request = ['user^ann', 'act^edit', 'lib^lib:Axim:math'] as const;
    const granted = (await app.records()).at(-1);
    await app.enforcer.removePolicy(...(rules[0]?.slice(1) ?? []));
    await app.assignments.removeAll({ subject: 'user^ann' });
    expect(await why(...request)).toMatchObject({ allowed: false, rule: null });
    const then = await why(...request, granted?.recordedAt);
    expect(then).toMatchObject({ allowed: true, asOf: granted?.recordedAt, rule: { values: rules[0]?.slice(1) } });
    expect(then.chain[0]).toMatchObject({ record: { id: granted?.id } });
  });
});
