import { closedLoops } from '../measure/closed-loops';
import { Stopwatch } from '../measure/stopwatch';
import { type Assignment } from '../sides/assignments';
import { mustChange, type RoleSide } from '../sides/role-side';

export interface CallRates {
  /** Calls answered in a second. */
  readonly answered: number;
  /** The same calls, when the clock stops after all that happens behind the answers: with us, when all are in the log. */
  readonly settled: number;
}

/** Changes each of `keys` in a call of its own, made by `concurrency` callers. The side is idle before and after. */
export async function changeRound(
  side: RoleSide,
  concurrency: number,
  keys: readonly Assignment[],
  change: (assignment: Assignment) => Promise<boolean>,
): Promise<CallRates> {
  const watch = new Stopwatch();
  await closedLoops(concurrency, keys.length, (n) => mustChange(change(at(keys, n))));
  const answered = watch.rate(keys.length);
  await side.settled();
  return { answered, settled: watch.rate(keys.length) };
}

/** Gives, and takes back, so that the next round finds the table as this one did. */
export async function thereAndBack(
  side: RoleSide,
  concurrency: number,
  keys: readonly Assignment[],
): Promise<Record<'assign' | 'remove', CallRates>> {
  return {
    assign: await changeRound(side, concurrency, keys, (key) => side.assign(key)),
    remove: await changeRound(side, concurrency, keys, (key) => side.remove(key)),
  };
}

function at<T>(values: readonly T[], n: number): T {
  const value = values[n];
  if (value === undefined) throw new RangeError(`there is nothing at ${n}`);
  return value;
}
