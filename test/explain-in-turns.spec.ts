import { setImmediate } from 'node:timers/promises';
import { Enforcer } from 'casbin';
import { Explainer, KeySyntax } from 'grantlog';
import { DataSource } from 'typeorm';
import { asTheRulesSay } from '../libs/grantlog/src/explain/asked-roles';
import { Line } from '../libs/grantlog/src/explain/line';
import { RuleSource } from '../libs/grantlog/src/explain/rule-source';
import { type Request, Trial } from '../libs/grantlog/src/explain/trial';
import { Rule } from '../libs/grantlog/src/rules/rule';
import { scopedModel } from './support/models';

const deciding = { model: scopedModel(), enforcerClass: Enforcer, scopeMatching: 'exact' } as const;
const request: Request = ['user^ann', 'act^read', 'lib^1'];
const policies = 5_500;
const rules = [
  ...Array.from({ length: policies }, (_, at) => new Rule('p', [`role^${at}`, 'act^read', '*'])),
  new Rule('g', ['user^ann', 'role^4321', 'lib^1']),
];

/** How often the event loop goes round meanwhile. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  for (; !isDone; turns += 1) await setImmediate();
  await done;
  return turns;
}

describe('a trial over thousands of rules', () => {
  it('lets the event loop go round between them, and still lets every one have its say', async () => {
    expect(await turnsDuring(Trial.of(deciding, rules))).toBeGreaterThanOrEqual(5);
    const trial = await Trial.of(deciding, rules);
    const questions = trial.questions(request);
    expect(await turnsDuring(questions)).toBeGreaterThanOrEqual(5);
    expect((await questions).filter(({ ptype }) => ptype === 'g')).toHaveLength(policies);
    const allowing = await trial.allowing(request, asTheRulesSay);
    expect(allowing.map(({ values: [role] }) => role)).toEqual(['role^4321']);
    expect(await trial.decide(request)).toMatchObject({ allowed: true, rule: { values: allowing[0]?.values } });
  });
});

describe('explanations that are asked for at once', () => {
  afterEach(() => jest.restoreAllMocks());

  it('are worked out two at a time, the others after them', async () => {
    let most = 0;
    let atWork = 0;
    jest.spyOn(RuleSource.prototype, 'read').mockImplementation(async () => {
      atWork += 1;
      most = Math.max(most, atWork);
      await setImmediate();
      atWork -= 1;
      return { rules: [], sees: () => true, held: new Map(), seen: new Map() };
    });
    const dataSource = new DataSource({ type: 'postgres' }); // nothing is read from it
    const explainer = new Explainer({ ...deciding, dataSource, keys: new KeySyntax() });
    const [subject, action, scope] = request;
    const answers = await Promise.all(Array.from({ length: 7 }, () => explainer.explain({ subject, action, scope })));
    expect(answers.map(({ allowed }) => allowed)).toEqual(Array(7).fill(false));
    expect(most).toBe(2);
  });

  it('do not lose their place by one that fails', async () => {
    const line = new Line(1);
    const failing = line.next(() => Promise.reject(new Error('broken')));
    const next = line.next(() => Promise.resolve('next'));
    await expect(failing).rejects.toThrow('broken');
    expect([await next, await line.next(() => Promise.resolve('last'))]).toEqual(['next', 'last']);
  });
});
