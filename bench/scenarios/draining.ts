import { connect } from '../database';
import { collectGarbage } from '../measure/garbage';
import { repeat } from '../measure/rounds';
import { Stopwatch } from '../measure/stopwatch';
import { ourRate } from '../result';
import { assignments } from '../sides/assignments';
import { Ours } from '../sides/ours';
import { mustChange } from '../sides/role-side';
import { sizes } from '../sizes';
import { fillLog } from './filled-log';
import { type Scenario, withDatabase } from './scenario';

const { drain } = sizes;
const unit = `events/s, log of ${drain.records} records`;

/** How fast a backlog is recorded, into a log that is full already. */
export const draining: Scenario = {
  names: ['drain'],
  async *run(bench) {
    const figures = await withDatabase(bench, async (url) => {
      await fillLog(url, drain.records);
      const ours = await Ours.open(url);
      try {
        return await repeat(bench.rounds ?? drain.rounds, (round) => drainBacklog(ours, url, round));
      } finally {
        await ours.close();
      }
    });
    yield ourRate('drain', 1, unit, figures.drain);
  },
};

/**
 * The relay runs as always; whoever holds the head keeps it from recording. So the first batch is claimed already when the
 * clock starts, and waits to be appended. The warm-up records a tenth.
 */
async function drainBacklog(ours: Ours, url: string, round: number): Promise<{ drain: number }> {
  const batch = round === 0 ? drain.batch / 10 : drain.batch;
  const holder = await connect(url);
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT FROM audit_head FOR UPDATE');
    for (let n = 0; n < drain.batches; n++) {
      await mustChange(ours.assignAll(assignments(`drain-${round}-${n}`, batch)));
    }
    collectGarbage();
    const watch = new Stopwatch();
    await holder.query('ROLLBACK');
    await ours.settled();
    return { drain: watch.rate(drain.batches * batch) };
  } finally {
    await holder.end();
  }
}
