import { useEffect } from 'preact/hooks';
import type { HealthReport } from '../api/answers';
import { get } from '../api/api';
import { useLoaded } from '../api/loaded';
import { repeatWhileSeen } from '../api/while-seen';
import { Failed, Loading } from '../parts/states';
import { Time } from '../parts/time';
import { AppendOnly } from './append-only';
import { Followers } from './followers';
import './health.css';
import { ParkedRecords } from './parked-records';
import { Stages } from './stages';

const interval = 5_000;

const words = { green: 'All is well', yellow: 'Something needs attention', red: 'Something is wrong' };

/** Whether what is changed reaches the log and those who follow it. Looks again by itself, and leaves the focus where it is. */
export function Health() {
  const { value, error, again } = useLoaded('health', readHealth);
  useEffect(() => {
    const abort = new AbortController();
    repeatWhileSeen(async () => again(), interval, abort.signal);
    return () => abort.abort();
  }, []);
  if (error) return <Failed error={error} again={again} />;
  if (!value) return <Loading what="health" />;
  const { report, readAt } = value;
  return (
    <>
      <div class={`verdict ${report.status}`} role="status">
        <h2>{words[report.status]}</h2>
        {report.problems.map((problem) => (
          <p key={problem}>
            <bdi>{problem}</bdi>
          </p>
        ))}
      </div>
      <p class="quiet">
        Read at <Time at={readAt} />, and again every {interval / 1_000} seconds.
      </p>
      <Stages report={report} />
      <Followers followers={report.followers} />
      <ParkedRecords count={report.parked} />
      <AppendOnly {...report.appendOnly} />
    </>
  );
}

async function readHealth(signal: AbortSignal): Promise<{ report: HealthReport; readAt: string }> {
  return { report: await get<HealthReport>('health', {}, signal), readAt: new Date().toISOString() };
}
