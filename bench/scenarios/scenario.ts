import type { Result } from '../result';
import type { BenchServer } from '../server';
import { Ours } from '../sides/ours';
import type { RoleSide } from '../sides/role-side';

export interface Bench {
  readonly server: BenchServer;
  /** Rounds of every scenario, instead of its own number. */
  readonly rounds?: number;
  /** Assignments that both tables hold already, in the scenarios of single changes. */
  readonly resident: number;
}

/** One or more scenarios that are measured in one go. */
export interface Scenario {
  readonly names: readonly string[];
  /** Whether it takes minutes, and so is run only when it is named. */
  readonly slow?: boolean;
  /** Rows of any of `names`, each as soon as it is known. */
  run(bench: Bench): AsyncIterable<Result>;
}

/** Lends a database of its own to `work`. */
export async function withDatabase<T>({ server }: Bench, work: (url: string) => Promise<T>): Promise<T> {
  const url = await server.createDatabase();
  const result = await work(url);
  await server.dropDatabase(url);
  return result;
}

/** Lends a side with empty memory and a database of its own to `work`. */
export function withSide<S extends RoleSide, T>(
  bench: Bench,
  open: (url: string) => Promise<S>,
  work: (side: S, url: string) => Promise<T>,
): Promise<T> {
  return withDatabase(bench, async (url) => {
    const side = await open(url);
    try {
      return await work(side, url);
    } finally {
      await side.close();
    }
  });
}

/** Both sides on one server, each in its own database: nothing of an earlier scenario is in memory or table of either. */
export function withSides<B extends RoleSide, T>(
  bench: Bench,
  openBaseline: (url: string) => Promise<B>,
  work: (ours: Ours, baseline: B) => Promise<T>,
): Promise<T> {
  return withSide(bench, Ours.open, (ours) => withSide(bench, openBaseline, (baseline) => work(ours, baseline)));
}
