import { alternate, type Figures } from '../measure/rounds';
import { comparedRates, type Result } from '../result';
import { assignments } from '../sides/assignments';
import type { RoleSide } from '../sides/role-side';
import { sizes } from '../sizes';
import { thereAndBack } from './change-round';
import { withFilledSides } from './filled-rules';
import type { Scenario } from './scenario';

const { crowded } = sizes;
const names = ['assign@100k', 'remove@100k'] as const;
type Name = (typeof names)[number];

/**
 * One assignment a call, until its answer, where a large organisation's are there already. The baseline searches all of them
 * at each change, so that it makes fewer calls: its rate is the same with the sixtieth call as with the thousandth.
 */
export const crowdedChanges: Scenario = {
  names,
  async *run(bench) {
    const rounds = bench.rounds ?? crowded.rounds;
    const results = await withFilledSides(bench, crowded.known, async (ours, baseline) => {
      const compared: Result[] = [];
      for (const { concurrency, calls, baselineCalls } of crowded.loads) {
        const pairs = await alternate(rounds, {
          ours: (round) => oneRound(ours, concurrency, round, calls),
          baseline: (round) => oneRound(baseline, concurrency, round, baselineCalls),
        });
        compared.push(...names.map((name) => comparedRates(name, concurrency, 'ops/s', pairs[name])));
      }
      return compared;
    });
    yield* results;
  },
};

async function oneRound(side: RoleSide, concurrency: number, round: number, calls: number): Promise<Figures<Name>> {
  const { assign, remove } = await thereAndBack(side, concurrency, assignments(`crowded-${round}`, calls));
  return { 'assign@100k': assign.answered, 'remove@100k': remove.answered };
}
