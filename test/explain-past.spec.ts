import { Enforcer } from 'casbin';
import fc from 'fast-check';
import { Explainer, InvalidInputError, KeySyntax } from 'grantlog';
import type { TestApp } from './support/app';
import type { Row } from './support/casbin-twin';
import { Cluster } from './support/cluster';
import { explainedModels } from './support/explained-models';
import { rulesIn } from './support/facts';
import { type Asked, decidedBy, flawsOf, shown } from './support/proofs';

const kind = explainedModels.find(({ name }) => name === 'the demo, with denials');

let cluster: Cluster;
let app: TestApp;
let explainer: Explainer;
beforeEach(async () => {
  cluster = await Cluster.create();
  app = await cluster.start({
    grantlog: { model: kind?.model(), scopeMatching: kind?.scopeMatching, listeners: false },
  });
  explainer = app.nest.get(Explainer);
});
afterEach(() => cluster.end());

const here = 'lib^lib:X:1';
const question = ['user^ann', 'act^read', here] as const;
const why = async (asked: Asked, asOf?: string): ReturnType<Explainer['explain']> => {
  const [subject, action, scope] = asked;
  await app.relay.drained();
  return explainer.explain({ subject, action, scope, asOf });
};

const rows: readonly Row[] = [
  ['p', 'role^a', 'act^read', '*', 'allow'],
  ['p', 'role^a', 'act^all', 'lib^lib:X:*', 'allow'],
  ['p', 'role^b', 'act^read', here, 'deny'],
  ['g', 'user^ann', 'role^a', here],
  ['g', 'user^ann', 'role^team', 'lib^lib:X:*'],
  ['g', 'role^team', 'role^a', '*'],
  ['g', 'role^team', 'role^b', here],
  ['g2', 'act^all', 'act^read'],
];

/** Adds a rule, or takes it away if it is there. */
async function toggle([ptype, ...values]: Row): Promise<void> {
  const { enforcer } = app;
  if (ptype === 'p' && !(await enforcer.addPolicy(...values))) await enforcer.removePolicy(...values);
  if (ptype !== 'p' && !(await enforcer.addNamedGroupingPolicy(ptype, ...values)))
    await enforcer.removeNamedGroupingPolicy(ptype, ...values);
}

describe('an explanation of the past', () => {
  it('is at each moment what Casbin would have answered, by a chain of what was in force, with its records', async () => {
    if (!kind) throw new Error('There is no such model');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...rows), { minLength: 4, maxLength: 12 }), async (changes) => {
        const moments: { at: string; then: Row[] }[] = [];
        for (const row of changes) {
          await toggle(row);
          const last = (await app.records()).at(-1);
          moments.push({ at: last?.recordedAt ?? '', then: (await rulesIn(app.dataSource)) as unknown as Row[] });
        }
        for (const { at, then } of moments) {
          const answer = await why(question, at);
          const [allowed, rule] = await decidedBy(kind, then, question);
          expect([at, answer.allowed]).toEqual([at, allowed]);
          expect(answer.rule === null).toBe(rule.length === 0);
          expect(await flawsOf(kind, then, question, answer)).toEqual([]);
          for (const link of answer.chain.map((one) => shown(one))) {
            expect(link.record).toMatchObject({
              operation: 'created',
              details: { ptype: link.ptype, rule: link.rule },
            });
            expect((link.record?.recordedAt ?? '') <= at).toBe(true);
          }
        }
      }),
      { numRuns: 4 },
    );
  });

  it('names the record that began the interval of then, and not the one of before or after', async () => {
    await app.enforcer.addPolicy('role^a', 'act^read', '*', 'allow');
    const assignment = { subject: 'user^ann', role: 'role^a', scope: here };
    for (const reason of ['first', 'second', 'third']) {
      await app.assignments.assign(assignment, { reason });
      await app.relay.drained(); // what is recorded together is of one moment
      if (reason !== 'third') await app.assignments.remove(assignment);
    }
    const second = (await app.records()).find(({ reason }) => reason === 'second');
    const reasonAt = async (asOf?: string): Promise<unknown> => (await why(question, asOf)).chain;
    expect(await reasonAt(second?.recordedAt)).toMatchObject([{ record: { reason: 'second' } }]);
    expect(await reasonAt()).toMatchObject([{ record: { reason: 'third' } }]);
  });

  it('goes by the policy of then, in which a rule that denies was not there yet', async () => {
    await app.enforcer.addPolicy('role^a', 'act^read', '*', 'allow');
    await app.assignments.assign({ subject: 'user^ann', role: 'role^a', scope: here });
    const before = (await app.records()).at(-1)?.recordedAt;
    await app.enforcer.addPolicy('role^a', 'act^read', here, 'deny');
    expect(await why(question)).toMatchObject({
      allowed: false,
      rule: { values: ['role^a', 'act^read', here, 'deny'] },
    });
    expect(await why(question, before)).toMatchObject({ allowed: true });
  });

  it('is also of what is near a denial of then: where the role was held then', async () => {
    await app.enforcer.addPolicy('role^a', 'act^read', '*', 'allow');
    const elsewhere = { subject: 'user^ann', role: 'role^a', scope: 'lib^lib:Y:1' };
    await app.assignments.assign(elsewhere);
    const before = (await app.records()).at(-1)?.recordedAt;
    await app.assignments.remove(elsewhere);
    expect((await why(question, before)).nearest?.rules[0]?.missing[0]?.heldIn).toEqual([elsewhere.scope]);
    expect((await why(question)).nearest?.rules[0]?.missing[0]?.heldIn).toEqual([]);
  });

  it.each([
    ['priorities by order', true],
    ['priorities by the hierarchy of subjects', true],
    ['everything that is not denied', false],
  ])('under a model with %s is refused (%s) if the order of the table decides', async (name, isRefused) => {
    const model = explainedModels.find((one) => one.name === name)?.model() ?? '';
    const { dataSource } = app;
    const parts = { dataSource, keys: new KeySyntax(), scopeMatching: 'exact', enforcerClass: Enforcer } as const;
    const ordered = new Explainer({ ...parts, model });
    await app.enforcer.addPolicy('role^a', 'act^old', '*', 'deny');
    await app.enforcer.addPolicy('role^a', 'act^read', '*', 'allow');
    await toggle(['g', 'user^ann', 'role^a', here]);
    // keeps its place in the table, before the one that allows, and is the last one in the log
    await app.enforcer.updatePolicy(['role^a', 'act^old', '*', 'deny'], ['role^a', 'act^read', '*', 'deny']);
    await app.relay.drained();
    const asOf = (await app.records()).at(-1)?.recordedAt;
    const [subject, action, scope] = question;
    const asked = { subject, action, scope };
    const now = await ordered.explain(asked);
    expect(now.allowed).toBe(false);
    const then = ordered.explain({ ...asked, asOf });
    if (isRefused) await expect(then).rejects.toThrow(/^asOf: .*order of rules decides/);
    else expect(await then).toMatchObject({ allowed: now.allowed });
  });

  it.each([
    ['yesterday', 'before the log began'],
    ['2999-01-01', 'in the future'],
    ['2026-02-30', 'ISO 8601'],
    ["2026-01-01' OR true", 'ISO 8601'],
  ])('is refused for %s', async (asOf, problem) => {
    await toggle(['g', 'user^ann', 'role^a', here]);
    const moment = asOf === 'yesterday' ? '2001-01-01' : asOf;
    const answer = why(question, moment);
    await expect(answer).rejects.toThrow(InvalidInputError);
    await expect(answer).rejects.toThrow(new RegExp(`^asOf: .*${problem}`));
  });
});
