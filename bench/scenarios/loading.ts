import type { Load, LoadOrder } from '../loads/load';
import { loadInChild } from '../loads/load-in-child';
import { alternate, repeat } from '../measure/rounds';
import { comparedMeasures, ourMeasure, type Result } from '../result';
import type { Crowd } from '../sides/assignments';
import { sizes } from '../sizes';
import { fillOurs, fillPlain } from './filled-rules';
import { type Bench, type Scenario, withDatabase } from './scenario';

type Size = (typeof sizes.loads)[number];
type Row = readonly [name: string, unit: string, figure: keyof Load];

const rows: readonly Row[] = [
  ['load', 's', 'seconds'],
  ['load-blocked', 'ms', 'blockedMs'],
  ['load-heap', 'MB', 'heapMb'],
];

const fill = { ours: fillOurs, baseline: fillPlain };

/**
 * Starting from a table that is full, in a fresh process each time: how long until the first answer, for how long nothing else
 * was done meanwhile, and the memory that it takes. Both open their connections and we a Nest application in that time.
 */
export const loading: readonly Scenario[] = sizes.loads.map((size) => ({
  names: rows.map(([name]) => `${name}@${size.at}`),
  async *run(bench) {
    yield* await (size.slow && !bench.withSlow ? measure : compare)(bench, size);
  },
}));

async function compare(bench: Bench, { at, known, rounds }: Size): Promise<Result[]> {
  const pairs = await withLoader(bench, 'ours', known, (ours) =>
    withLoader(bench, 'baseline', known, (baseline) =>
      alternate<keyof Load>(bench.rounds ?? rounds, { ours, baseline }, 0),
    ),
  );
  return rows.map(([name, unit, figure]) => comparedMeasures(`${name}@${at}`, 1, unit, pairs[figure]));
}

async function measure(bench: Bench, { at, known, rounds }: Size): Promise<Result[]> {
  const figures = await withLoader(bench, 'ours', known, (ours) => repeat(bench.rounds ?? rounds, ours, 0));
  return rows.map(([name, unit, figure]) => ourMeasure(`${name}@${at}`, 1, unit, figures[figure]));
}

/** Lends what loads one side's table, which is filled. */
function withLoader<T>(
  bench: Bench,
  side: LoadOrder['side'],
  known: Crowd,
  work: (load: () => Promise<Load>) => Promise<T>,
): Promise<T> {
  return withDatabase(bench, async (url) => {
    await fill[side](url, known);
    return work(() => loadInChild({ side, url, known }));
  });
}
