/** One row of the report; with --json, exactly these keys. */
export interface Result {
  readonly scenario: string;
  /** Callers at the same time. */
  readonly concurrency: number;
  readonly unit: string;
  readonly ours: number;
  /** `null` where there is nothing to compare with. */
  readonly baseline: number | null;
  /** Above 1, ours is better: `ours / baseline` of rates, `baseline / ours` of what less is better of. */
  readonly ratio: number | null;
}

/** A figure of both sides. */
export interface Pair {
  readonly ours: number;
  readonly baseline: number;
}

/** Rates are whole numbers. */
export function comparedRates(scenario: string, concurrency: number, unit: string, { ours, baseline }: Pair): Result {
  return {
    scenario,
    concurrency,
    unit,
    ours: Math.round(ours),
    baseline: Math.round(baseline),
    ratio: rounded(ours / baseline, 2),
  };
}

export function ourRate(scenario: string, concurrency: number, unit: string, ours: number): Result {
  return { scenario, concurrency, unit, ours: Math.round(ours), baseline: null, ratio: null };
}

/** For seconds, milliseconds and megabytes, of which less is better: two decimals. */
export function comparedMeasures(
  scenario: string,
  concurrency: number,
  unit: string,
  { ours, baseline }: Pair,
): Result {
  return {
    scenario,
    concurrency,
    unit,
    ours: rounded(ours, 2),
    baseline: rounded(baseline, 2),
    ratio: rounded(baseline / ours, 2),
  };
}

/** The same without a baseline. */
export function ourMeasure(scenario: string, concurrency: number, unit: string, ours: number): Result {
  return { scenario, concurrency, unit, ours: rounded(ours, 2), baseline: null, ratio: null };
}

function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals)) + 0; // not -0
}
