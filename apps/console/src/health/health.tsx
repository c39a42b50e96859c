import { useState } from 'preact/hooks';
import type { HealthReport } from '../api/answers';
import { Plain } from '../parts/plain';
import { Failed, Loading } from '../parts/states';
import { Time } from '../parts/time';
import { AppendOnly } from './append-only';
import { Followers } from './followers';
import { ParkedRecords } from './parked-records';
import { Stages } from './stages';
import { useWatched } from './watched';
import './health.css';

const interval = 5_000;

/** Whether what is changed reaches the log and those who follow it. Looks again by itself, and leaves the focus where it is. */
export function Health() {
  const [on, setOn] = useState(true);
  const { value, readAt, error, look } = useWatched<HealthReport>('health', on ? interval : undefined);
  return (
    <>
      {error && <Failed error={error} again={look} />}
      {!value && !error && <Loading what="health" />}
      {value && <Verdict {...value} />}
      {readAt && (
        <p class="ways quiet">
          <span>
            Read <Time at={readAt} />
          </span>
          <label>
            <input type="checkbox" checked={on} onChange={() => setOn(!on)} /> again every {interval / 1_000} seconds
          </label>
        </p>
      )}
      {value && (
        <>
          <Stages report={value} />
          <Followers followers={value.followers} />
          <ParkedRecords count={value.parked} look={look} />
          <AppendOnly {...value.appendOnly} />
        </>
      )}
    </>
  );
}

const verdicts = {
  green: ['good', 'All is well'],
  yellow: ['warn', 'Something needs attention'],
  red: ['bad', 'Something is wrong'],
} as const;

function Verdict({ status, problems }: HealthReport) {
  const [look, words] = verdicts[status];
  return (
    <div class={`verdict ${look}`} role="status">
      <h2>{words}</h2>
      {problems.map((problem) => (
        <p key={problem}>
          <Plain text={problem} />
        </p>
      ))}
    </div>
  );
}
