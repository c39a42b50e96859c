import { percentile } from '../measure/statistics';

/** Milliseconds of each call. */
export interface Timing {
  readonly p50: number;
  readonly p95: number;
  readonly calls: number;
}

/** Calls one after the other, each once; after `budgetMs` no further ones, but at least three. The first one warms up and is not counted. */
export async function timed(calls: readonly (() => Promise<unknown>)[], budgetMs = 15_000): Promise<Timing> {
  const taken: number[] = [];
  const ends = performance.now() + budgetMs;
  await calls[0]?.();
  for (const call of calls.slice(1)) {
    const start = performance.now();
    await call();
    taken.push(performance.now() - start);
    if (taken.length >= 3 && performance.now() > ends) break;
  }
  return { p50: percentile(taken, 0.5), p95: percentile(taken, 0.95), calls: taken.length };
}
