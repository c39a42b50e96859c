import { wallTime } from './wall-time';
import { ago } from './time';
import { offsetOf, useZone } from './zone';

/** A moment to the microsecond, in the chosen zone and in UTC. */
export function ExactTime({ at }: { at: string }) {
  const { name } = useZone();
  const moment = new Date(at);
  const [, fraction = ''] = /(\.\d+)/.exec(at) ?? [];
  return (
    <span class="time">
      <time dateTime={at}>
        {wallTime(moment, name)}
        {fraction} <span class="offset">{offsetOf(moment, name)}</span>
      </time>{' '}
      <span class="quiet">
        {ago(moment)}
        {name !== 'UTC' && <>; in UTC {at}</>}
      </span>
    </span>
  );
}
