import { closedLoops } from '../measure/closed-loops';
import { collectGarbage } from '../measure/garbage';
import { median } from '../measure/statistics';
import { ourMeasure } from '../result';
import { assignments } from '../sides/assignments';
import { Ours } from '../sides/ours';
import { mustChange, type RoleSide } from '../sides/role-side';
import { sizes } from '../sizes';
import { type Scenario, withSide } from './scenario';

const { memory } = sizes;
const name = 'memory';

/**
 * Whether the process grows with what went through it. Every batch is removed again, so that the policy in memory stays as
 * large as it was; what still grows is a leak. Subjects recur, because Casbin's own role manager never forgets a name that had
 * a role in a scope (some 100 bytes each): that is the same without Grantlog, and grows with people, not with changes.
 */
export const memoryGrowth: Scenario = {
  names: [name],
  async *run(bench) {
    const samples = await withSide(bench, Ours.open, samplesOf);
    const over = `over ${memory.assignments} assignments`;
    yield ourMeasure(name, memory.callers, `MB heap growth ${over}`, growth(samples.map(({ heapUsed }) => heapUsed)));
    yield ourMeasure(name, memory.callers, `MB RSS growth ${over}`, growth(samples.map(({ rss }) => rss)));
  },
};

async function samplesOf(side: RoleSide): Promise<NodeJS.MemoryUsage[]> {
  const samples: NodeJS.MemoryUsage[] = [];
  for (let done = 0; done < memory.assignments; done += memory.sampleEvery) {
    await closedLoops(memory.callers, memory.sampleEvery / memory.batch, (n) => giveAndTake(side, n * memory.batch));
    await side.settled();
    collectGarbage();
    samples.push(process.memoryUsage());
  }
  return samples;
}

async function giveAndTake(side: RoleSide, first: number): Promise<void> {
  const batch = assignments(`memory-${first % memory.subjects}`, memory.batch);
  await mustChange(side.assignAll(batch));
  await mustChange(side.removeAll(batch));
}

/** From the first samples to the last, in megabytes. The very first is still warming up. */
function growth(bytes: readonly number[]): number {
  return (median(bytes.slice(-3)) - median(bytes.slice(1, 4))) / 2 ** 20;
}
