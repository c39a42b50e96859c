import { alternate, type Figures } from '../measure/rounds';
import { comparedRates, type Result } from '../result';
import { assignments } from '../sides/assignments';
import { Handwritten } from '../sides/handwritten';
import type { RoleSide } from '../sides/role-side';
import { sizes } from '../sizes';
import { changeRound } from './change-round';
import { type Bench, type Scenario, withSides } from './scenario';

const { loads, rounds: usualRounds } = sizes.handwritten;
const name = 'assign-handwritten';

/**
 * One assignment a call, against an audit that is written by hand. Until the answer: ours has committed the event then, and
 * the log entry follows; by hand the audit row itself is committed.
 */
export const againstHandwritten: Scenario = {
  names: [name],
  async *run(bench) {
    for (const load of loads) yield await compare(bench, load);
  },
};

async function compare(bench: Bench, { concurrency, calls }: (typeof loads)[number]): Promise<Result> {
  const { assign } = await withSides(bench, Handwritten.open, (ours, baseline) =>
    alternate(bench.rounds ?? usualRounds, {
      ours: (round) => assignAndClear(ours, concurrency, round, calls),
      baseline: (round) => assignAndClear(baseline, concurrency, round, calls),
    }),
  );
  return comparedRates(name, concurrency, 'ops/s', assign);
}

async function assignAndClear(
  side: RoleSide,
  concurrency: number,
  round: number,
  calls: number,
): Promise<Figures<'assign'>> {
  const keys = assignments(`handwritten-${round}`, calls);
  const { answered } = await changeRound(side, concurrency, keys, (key) => side.assign(key));
  await side.removeAll(keys);
  await side.settled();
  return { assign: answered };
}
