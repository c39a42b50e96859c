import { momentOf, wallTime } from '../parts/wall-time';

/** A stretch of time: its beginning, and the moment when it is over. */
export interface Stretch {
  readonly from: string;
  readonly to: string;
}

export type Unit = 'hour' | 'day' | 'month';

/** `2026-03-01 14:00`, `2026-03-01` or `2026-03`, in the zone. */
export function nameOf(from: string, unit: Unit, zone: string): string {
  const at = new Date(from);
  if (unit === 'hour') at.setUTCMinutes(0); // hours begin as in UTC, also where clocks are half an hour off
  const text = wallTime(at, zone);
  return text.slice(0, { hour: 16, day: 10, month: 7 }[unit]);
}

const hour = 3_600_000;
/** Clocks are put forward and back. */
const longestDay = 25 * hour;

/**
 * The next wider stretch of the calendar in the zone: of an hour its day, of a day its month, with its name; `undefined` for all there is.
 */
export function around(
  window: Partial<Stretch>,
  zone: string,
): { readonly name: string; readonly stretch: Stretch } | undefined {
  const length = Date.parse(window.to ?? '') - Date.parse(window.from ?? '');
  if (!window.from || !(length <= longestDay)) return undefined;
  const name = nameOf(window.from, length <= hour ? 'day' : 'month', zone);
  return { name, stretch: length <= hour ? between(name, 0, 1, zone) : between(`${name}-01`, 1, 0, zone) };
}

/** From a midnight to the one some months and days later. */
function between(day: string, months: number, days: number, zone: string): Stretch {
  const end = new Date(`${day}T00:00:00Z`);
  end.setUTCMonth(end.getUTCMonth() + months, end.getUTCDate() + days);
  const midnight = (date: string): string => momentOf(`${date}T00:00:00`, zone);
  return { from: midnight(day), to: midnight(end.toISOString().slice(0, 10)) };
}
