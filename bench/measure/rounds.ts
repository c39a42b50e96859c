import type { Pair } from '../result';
import { median } from './statistics';

/** What one round of one side has measured. */
export type Figures<K extends string> = Readonly<Record<K, number>>;

/** @param round from 1; 0 is the warm-up, whose figures are thrown away */
export type Round<K extends string> = (round: number) => Promise<Figures<K>>;

export interface Contenders<K extends string> {
  readonly ours: Round<K>;
  readonly baseline: Round<K>;
}

/**
 * Lets the sides take turns, so that whatever else happens on the machine happens to both, and swaps who goes first.
 * @param warmUps none for what is always measured cold
 * @returns the median of every figure
 */
export async function alternate<K extends string>(
  rounds: number,
  { ours, baseline }: Contenders<K>,
  warmUps: 0 | 1 = 1,
): Promise<Record<K, Pair>> {
  const measured = { ours: [] as Figures<K>[], baseline: [] as Figures<K>[] };
  const turnOf = {
    ours: async (round: number) => measured.ours.push(await ours(round)),
    baseline: async (round: number) => measured.baseline.push(await baseline(round)),
  };
  for (let round = 1 - warmUps; round <= rounds; round++) {
    const order = round % 2 === 0 ? (['ours', 'baseline'] as const) : (['baseline', 'ours'] as const);
    for (const side of order) await turnOf[side](round);
  }
  const ourMedians = medians(measured.ours.slice(warmUps));
  const baselineMedians = medians(measured.baseline.slice(warmUps));
  const pairs = keysOf(ourMedians).map((key) => [key, { ours: ourMedians[key], baseline: baselineMedians[key] }]);
  return Object.fromEntries(pairs) as Record<K, Pair>;
}

/** The same for a side that has nothing to be compared with. */
export async function repeat<K extends string>(
  rounds: number,
  round: Round<K>,
  warmUps: 0 | 1 = 1,
): Promise<Figures<K>> {
  const measured: Figures<K>[] = [];
  for (let at = 1 - warmUps; at <= rounds; at++) measured.push(await round(at));
  return medians(measured.slice(warmUps));
}

function medians<K extends string>(rounds: readonly Figures<K>[]): Figures<K> {
  const [first] = rounds;
  if (!first) throw new Error('at least one round is needed');
  const each = keysOf(first).map((key) => [key, median(rounds.map((figures) => figures[key]))]);
  return Object.fromEntries(each) as Figures<K>;
}

function keysOf<K extends string>(figures: Figures<K>): K[] {
  return Object.keys(figures) as K[];
}
