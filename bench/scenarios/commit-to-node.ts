import { setTimeout as pause } from 'node:timers/promises';
import { percentile } from '../measure/statistics';
import { ourMeasure } from '../result';
import { type Assignment, assignments } from '../sides/assignments';
import { Ours } from '../sides/ours';
import { sizes } from '../sizes';
import { type Bench, type Scenario, withSide } from './scenario';

const { warmUp, calls } = sizes.commitToNode;
const name = 'commit-to-node';

/** Between two looks at the other node's memory. */
const pauseMs = 1;

/**
 * Milliseconds from the answer of assign() on one node until the memory of another shows it, one assignment after the other. Both
 * nodes are in this process, which favours none: what passes between them passes through PostgreSQL.
 */
export const commitToNode: Scenario = {
  names: [name],
  async *run(bench) {
    const delays = await measure(bench);
    yield ourMeasure(name, 1, 'ms p50', percentile(delays, 0.5));
    yield ourMeasure(name, 1, 'ms p95', percentile(delays, 0.95));
  },
};

function measure(bench: Bench): Promise<number[]> {
  return withSide(bench, Ours.open, async (ours, url) => {
    const other = await Ours.open(url);
    try {
      const delays: number[] = [];
      for (const assignment of assignments('node', warmUp + calls)) {
        await ours.assign(assignment);
        const answered = performance.now();
        await shows(other, assignment);
        delays.push(performance.now() - answered);
      }
      return delays.slice(warmUp);
    } finally {
      await other.close();
    }
  });
}

async function shows({ enforcer }: Ours, { subject, role, scope }: Assignment): Promise<void> {
  while (!(await enforcer.hasGroupingPolicy(subject, role, scope))) await pause(pauseMs);
}
