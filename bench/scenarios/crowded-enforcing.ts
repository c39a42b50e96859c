import { alternate } from '../measure/rounds';
import { comparedRates, type Result } from '../result';
import { type Assignment, type Crowd, crowdMember } from '../sides/assignments';
import { sizes } from '../sizes';
import { withFilledSides } from './filled-rules';
import { ask, type Question, questionsAbout } from '../sides/questions';
import type { Bench, Scenario } from './scenario';

const { rounds: usualRounds, cases, strangers } = sizes.crowdedEnforce;
type Case = (typeof cases)[number];

/**
 * What a question costs where few or many assignments are known, on the same model and role policies. Where none is known, all
 * answers are no. With globs, an assignment may hold in all of an Org, and the baseline compares the scope that is asked about
 * with every scope it knows, once for each role.
 */
export const crowdedEnforcing: readonly Scenario[] = cases.map((one) => ({
  names: [one.name],
  async *run(bench) {
    yield await compare(bench, one);
  },
}));

async function compare(bench: Bench, { name, known, requests, baselineRequests }: Case): Promise<Result> {
  const pairs = await withFilledSides(bench, known, (ours, baseline) =>
    alternate(bench.rounds ?? usualRounds, {
      ours: async () => ({ enforce: await ask(ours, questions(known, requests)) }),
      baseline: async () => ({ enforce: await ask(baseline, questions(known, baselineRequests)) }),
    }),
  );
  return comparedRates(name, 1, 'ops/s', pairs.enforce);
}

function questions(known: Crowd, count: number): Question[] {
  const held = known.rules > 0;
  return questionsAbout(firstOf(held ? known : strangers, count), count, held);
}

function firstOf(known: Crowd, most: number): Assignment[] {
  return Array.from({ length: Math.min(most, known.rules) }, (_, place) => crowdMember(known, place));
}
