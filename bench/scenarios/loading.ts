import type { Load, LoadOrder } from '../loads/load';
import { loadInChild } from '../loads/load-in-child';
import { alternate } from '../measure/rounds';
import { comparedMeasures, type Result } from '../result';
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
  slow: size.slow,
  async *run(bench) {
    yield* await compare(bench, size);
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
