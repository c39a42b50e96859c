import { alternate, type Figures } from '../measure/rounds';
import { comparedRates, type Result } from '../result';
import { assignments } from '../sides/assignments';
import { PlainCasbin } from '../sides/plain-casbin';
import { mustChange, type RoleSide } from '../sides/role-side';
import { sizes } from '../sizes';
import { thereAndBack } from './change-round';
import { type Bench, type Scenario, withSides } from './scenario';

const { loads, rounds: usualRounds } = sizes.changes;
const names = ['assign', 'remove', 'assign-recorded', 'remove-recorded'] as const;
type Name = (typeof names)[number];

/** Assignments in one batch, which typeorm-adapter limits. */
const atOnce = 1_000;

/**
 * One assignment a call, against Casbin and typeorm-adapter without any audit. One run gives all four rows: `-recorded` is
 * the same run with a later stop of our clock, against the same time of the baseline, which has nothing to record. Both
 * tables hold other assignments already, because Casbin looks through all rules at each change, and nobody's table is empty.
 */
export const singleChanges: Scenario = {
  names,
  async *run(bench) {
    for (const load of loads) yield* await compare(bench, load);
  },
};

async function compare(bench: Bench, { concurrency, calls }: (typeof loads)[number]): Promise<Result[]> {
  const pairs = await withSides(bench, PlainCasbin.open, async (ours, baseline) => {
    for (const side of [ours, baseline]) await fill(side, bench.resident);
    return alternate(bench.rounds ?? usualRounds, {
      ours: (round) => oneRound(ours, concurrency, round, calls),
      baseline: (round) => oneRound(baseline, concurrency, round, calls),
    });
  });
  return names.map((name) => comparedRates(name, concurrency, 'ops/s', pairs[name]));
}

async function fill(side: RoleSide, resident: number): Promise<void> {
  const keys = assignments('resident', resident);
  for (let at = 0; at < keys.length; at += atOnce) await mustChange(side.assignAll(keys.slice(at, at + atOnce)));
  await side.settled();
}

async function oneRound(side: RoleSide, concurrency: number, round: number, calls: number): Promise<Figures<Name>> {
  const { assign, remove } = await thereAndBack(side, concurrency, assignments(`single-${round}`, calls));
  return {
    assign: assign.answered,
    remove: remove.answered,
    'assign-recorded': assign.settled,
    'remove-recorded': remove.settled,
  };
}
