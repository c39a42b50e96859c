import { collectGarbage } from '../measure/garbage';
import { alternate, type Figures, repeat } from '../measure/rounds';
import { Stopwatch } from '../measure/stopwatch';
import { comparedRates, ourRate, type Result } from '../result';
import { type Assignment, assignments } from '../sides/assignments';
import { Ours } from '../sides/ours';
import { PlainCasbin } from '../sides/plain-casbin';
import { mustChange, type RoleSide } from '../sides/role-side';
import { sizes } from '../sizes';
import { type Bench, type Scenario, withSide, withSides } from './scenario';

const { batches } = sizes;
const names = ['batch-assign', 'batch-remove'] as const;
type Name = (typeof names)[number];
type Batch = (typeof batches.compared)[number];

/**
 * Many assignments in one call, until its answer. The largest batch is ours alone: typeorm-adapter sends all rules of a call
 * as parameters of one statement, of which PostgreSQL takes 65,535, and fails from some 16,000 rules on.
 */
export const batchChanges: Scenario = {
  names,
  async *run(bench) {
    for (const batch of batches.compared) yield* await compare(bench, batch);
    for (const batch of batches.alone) yield* await measure(bench, batch);
  },
};

async function compare(bench: Bench, { size, rounds }: Batch): Promise<Result[]> {
  const pairs = await withSides(bench, PlainCasbin.open, (ours, baseline) =>
    alternate(bench.rounds ?? rounds, {
      ours: (round) => thereAndBack(ours, round, size),
      baseline: (round) => thereAndBack(baseline, round, size),
    }),
  );
  return names.map((name) => comparedRates(name, 1, unitFor(size), pairs[name]));
}

async function measure(bench: Bench, { size, rounds }: Batch): Promise<Result[]> {
  const figures = await withSide(bench, Ours.open, (ours) =>
    repeat(bench.rounds ?? rounds, (round) => thereAndBack(ours, round, size)),
  );
  return names.map((name) => ourRate(name, 1, unitFor(size), figures[name]));
}

/** The warm-up is a small batch: a large one takes the baseline many seconds. */
async function thereAndBack(side: RoleSide, round: number, size: number): Promise<Figures<Name>> {
  const keys = assignments(`batch-${round}`, round === 0 ? batches.warmUp : size);
  return {
    'batch-assign': await timed(side, keys, () => side.assignAll(keys)),
    'batch-remove': await timed(side, keys, () => side.removeAll(keys)),
  };
}

async function timed(side: RoleSide, keys: readonly Assignment[], change: () => Promise<boolean>): Promise<number> {
  collectGarbage();
  const watch = new Stopwatch();
  await mustChange(change());
  const rate = watch.rate(keys.length);
  await side.settled();
  return rate;
}

function unitFor(size: number): string {
  return `rules/s, ${size} per call`;
}
