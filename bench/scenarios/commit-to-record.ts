import { percentile } from '../measure/statistics';
import { ourMeasure } from '../result';
import { query } from '../database';
import { assignments } from '../sides/assignments';
import { Ours } from '../sides/ours';
import { sizes } from '../sizes';
import { HeadWatch } from './head-watch';
import { type Bench, type Scenario, withSide } from './scenario';

const { warmUp, calls } = sizes.commitToRecord;
const name = 'commit-to-record';

/**
 * Milliseconds from the answer of assign() until others can read its record, while one caller goes on assigning without
 * waiting for records. A record that others saw before the answer arrived counts as 0.
 */
export const commitToRecord: Scenario = {
  names: [name],
  async *run(bench) {
    const delays = await measure(bench);
    yield ourMeasure(name, 1, 'ms p50', percentile(delays, 0.5));
    yield ourMeasure(name, 1, 'ms p95', percentile(delays, 0.95));
  },
};

function measure(bench: Bench): Promise<number[]> {
  return withSide(bench, Ours.open, async (ours, url) => {
    const head = await HeadWatch.start(url);
    const answeredAt = new Map<string, number>();
    try {
      for (const assignment of assignments('delay', warmUp + calls)) {
        const id = await ours.assignForId(assignment);
        answeredAt.set(id, performance.now());
      }
      await ours.settled();
    } finally {
      await head.stop();
    }
    const seqs = await query<{ id: string; seq: string }>(url, 'SELECT id, seq FROM audit_record WHERE seq > $1', [
      warmUp,
    ]);
    return seqs.map(({ id, seq }) => Math.max(0, head.seenAt(Number(seq)) - (answeredAt.get(id) ?? NaN)));
  });
}
