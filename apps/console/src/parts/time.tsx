import { wallTime } from './wall-time';
import { offsetOf, useZone } from './zone';

/** A moment in the chosen zone, its offset beside it; the moment as it is recorded, to the microsecond, when pointed at. */
export function Time({ at }: { at: string }) {
  const { name } = useZone();
  const moment = new Date(at);
  return (
    <time class="time" dateTime={at} title={`${at} (${ago(moment)})`}>
      {wallTime(moment, name)} <span class="offset">{offsetOf(moment, name)}</span>
    </time>
  );
}

const units = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** `3 days ago` */
export function ago(moment: Date, now = new Date()): string {
  const seconds = (moment.getTime() - now.getTime()) / 1_000;
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1];
  return relative.format(Math.trunc(seconds / size), unit);
}
