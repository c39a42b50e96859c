/** Connections in the pool of either side. */
export const poolSize = 10;

/** How much each scenario does: enough for steady figures, little enough for five minutes in all on two cores. */
export const sizes = {
  /** Changes one by one: each side makes `calls` of them, and then takes them back. */
  changes: {
    /** As a small organisation has them: some hundred people with a few roles each. */
    resident: 2_000,
    rounds: 5,
    loads: [
      { concurrency: 1, calls: 800 },
      { concurrency: 16, calls: 2_000 },
      { concurrency: 64, calls: 3_200 },
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
    compared: { rounds: 3, sizes: [1_000, 10_000] },
    alone: { rounds: 1, sizes: [100_000] },
    warmUp: 1_000,
  },
  commitToRecord: { warmUp: 600, calls: 1_000 },
  drain: { rounds: 3, records: 1_000_000, batches: 3, batch: 10_000 },
  enforce: { rounds: 5, assignments: 2_000, roles: 20, requests: 4_000 },
  /** `subjects` come again and again; they divide by `batch`. */
  memory: { assignments: 500_000, callers: 2, subjects: 20_000, batch: 1_000, sampleEvery: 50_000 },
};
