import type { Crowd } from './sides/assignments';

/** Connections in the pool of either side. */
export const poolSize = 10;

/** As in a large organisation, and in one that is larger than most. */
const hundredThousand: Crowd = { rules: 100_000, scopes: 1_000 };
const million: Crowd = { rules: 1_000_000, scopes: 10_000 };

/** How much each scenario does: enough for steady figures, little enough for five minutes in all on two cores. */
export const sizes = {
  /** Changes one by one: each side makes `calls` of them, and then takes them back. */
  changes: {
    /** As a small organisation has them: some hundred people with a few roles each. */
    resident: 2_000,
    rounds: 3,
    loads: [
      { concurrency: 1, calls: 600 },
      { concurrency: 16, calls: 1_600 },
      { concurrency: 64, calls: 2_000 },
    ],
  },
  /** The same, where a large organisation's are there already. */
  crowded: {
    known: hundredThousand,
    rounds: 3,
    loads: [
      { concurrency: 1, calls: 800, baselineCalls: 48 },
      { concurrency: 16, calls: 3_200, baselineCalls: 48 },
    ],
  },
  handwritten: {
    rounds: 3,
    loads: [
      { concurrency: 1, calls: 300 },
      { concurrency: 16, calls: 800 },
    ],
  },
  batches: {
    compared: [
      { size: 1_000, rounds: 3 },
      { size: 10_000, rounds: 1 },
    ],
    alone: [{ size: 100_000, rounds: 1 }],
    warmUp: 1_000,
  },
  commitToRecord: { warmUp: 600, calls: 1_000 },
  commitToNode: { warmUp: 100, calls: 400 },
  drain: { rounds: 2, records: 1_000_000, batches: 2, batch: 10_000 },
  enforce: { rounds: 3, assignments: 2_000, requests: 4_000 },
  crowdedEnforce: {
    rounds: 3,
    cases: [
      { name: 'enforce@0', known: { rules: 0, scopes: 0 }, requests: 3_000, baselineRequests: 3_000 },
      { name: 'enforce@10k', known: { rules: 10_000, scopes: 100 }, requests: 3_000, baselineRequests: 3_000 },
      { name: 'enforce@100k', known: hundredThousand, requests: 3_000, baselineRequests: 3_000 },
      {
        name: 'enforce-glob@10k',
        known: { rules: 10_000, scopes: 2_000, globs: true },
        requests: 3_000,
        baselineRequests: 150,
      },
    ],
    /** Whom questions are about where nobody is known. */
    strangers: { rules: 10_000, scopes: 100 },
  },
  loads: [
    { at: '100k', known: hundredThousand, rounds: 2, slow: false },
    { at: '1m', known: million, rounds: 1, slow: true },
  ],
  adoption: { known: million, aloneMs: 20_000 },
  /** `subjects` come again and again; they divide by `batch`. */
  memory: { assignments: 500_000, callers: 2, subjects: 20_000, batch: 1_000, sampleEvery: 50_000 },
};
