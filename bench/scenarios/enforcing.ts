import { alternate } from '../measure/rounds';
import { comparedRates } from '../result';
import { type Assignment, assignments, rolePolicies } from '../sides/assignments';
import { PlainCasbin } from '../sides/plain-casbin';
import { mustChange, type RoleSide } from '../sides/role-side';
import { sizes } from '../sizes';
import { ask, questionsAbout } from '../sides/questions';
import { type Scenario, withSides } from './scenario';

const { enforce } = sizes;

/** Questions one after the other, half of them about what is granted, on the same model, policies and assignments. */
export const enforcing: Scenario = {
  names: ['enforce'],
  async *run(bench) {
    const known = assignments('enforce', enforce.assignments);
    const questions = questionsAbout(known, enforce.requests, true);
    const pairs = await withSides(bench, PlainCasbin.open, async (ours, baseline) => {
      for (const side of [ours, baseline]) await grant(side, known);
      return alternate(bench.rounds ?? enforce.rounds, {
        ours: async () => ({ enforce: await ask(ours, questions) }),
        baseline: async () => ({ enforce: await ask(baseline, questions) }),
      });
    });
    yield comparedRates('enforce', 1, 'ops/s', pairs.enforce);
  },
};

async function grant(side: RoleSide, known: readonly Assignment[]): Promise<void> {
  await mustChange(side.addPolicies(rolePolicies()));
  await mustChange(side.assignAll(known));
  await side.settled();
}
