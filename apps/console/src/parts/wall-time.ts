const digits = {
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
} as const;

const { length } = '2026-03-01 12:00:00';

/** `2026-03-01 12:00:00` */
export function wallTime(moment: Date, zone: string): string {
  return formatterOf('sv', zone, digits).format(moment).padStart(length, '0');
}

const formatters = new Map<object, Map<string, Intl.DateTimeFormat>>();

/** To make one takes a hundred times as long as to use it. One per zone and object of options. */
export function formatterOf(
  locale: string,
  zone: string,
  options: Readonly<Intl.DateTimeFormatOptions>,
): Intl.DateTimeFormat {
  const made = formatters.get(options) ?? new Map<string, Intl.DateTimeFormat>();
  const formatter = made.get(zone) ?? new Intl.DateTimeFormat(locale, { ...options, timeZone: zone });
  formatters.set(options, made.set(zone, formatter));
  return formatter;
}

/** What a field `datetime-local` shows of a moment: `2026-03-01T12:00:00` in the zone; empty for what is no moment. */
export function fieldOf(iso: string | undefined, zone: string): string {
  const moment = new Date(iso ?? NaN);
  return Number.isNaN(moment.getTime()) ? '' : wallTime(moment, zone).replace(' ', 'T');
}

const day = 86_400_000;

/**
 * The moment of a wall time, ISO 8601 in UTC; empty for what is no time. A time that comes twice is the earlier one, and one that the clock leaps over
 * is as much later as the leap is long: what calendars do (RFC 5545, 3.3.5).
 * @param known a moment that is taken as it is, to the microsecond, if that is what the field shows
 */
export function momentOf(field: string, zone: string, known?: string): string {
  if (known && field === fieldOf(known, zone)) return known;
  const asUtc = Date.parse(`${field}Z`);
  if (Number.isNaN(asUtc)) return '';
  const before = asUtc - ahead(asUtc - day, zone);
  const after = asUtc - ahead(asUtc + day, zone);
  const meant = [before, after].filter((time) => time + ahead(time, zone) === asUtc);
  return new Date(meant.length > 0 ? Math.min(...meant) : before).toISOString();
}

/** By how many milliseconds the clocks of the zone are ahead of UTC. */
function ahead(time: number, zone: string): number {
  const second = Math.floor(time / 1_000) * 1_000;
  return Date.parse(`${wallTime(new Date(second), zone).replace(' ', 'T')}Z`) - second;
}
