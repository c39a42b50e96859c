import { InvalidInputError } from './grantlog.error';

const iso8601 = /^((?!0000)\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-](0\d|1[0-4]):[0-5]\d))?$/;

/**
 * The moment, as PostgreSQL reads it; a day is its first instant in UTC.
 * @throws InvalidInputError unless it is ISO 8601 with a zone, or a day
 */
export function moment(value: unknown, field: string): string {
  const [text, day, time] = (typeof value === 'string' && iso8601.exec(value)) || [];
  if (text !== undefined && day !== undefined && isDay(day) && !Number.isNaN(Date.parse(text))) {
    return time ? text : `${day}T00:00:00Z`;
  }
  throw new InvalidInputError(field, 'must be a moment in ISO 8601, such as 2026-01-31T09:30:00Z or 2026-01-31 (UTC)');
}

/** Whether one moment, as `moment()` gives it, comes after another: to the microsecond, which Date does not know. */
export function isAfter(one: string, other: string): boolean {
  const [left, right] = [Date.parse(one), Date.parse(other)];
  return left === right ? beyondMilliseconds(one) > beyondMilliseconds(other) : left > right;
}

function beyondMilliseconds(text: string): string {
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
  return fraction.slice(3).padEnd(3, '0');
}

/** Date.parse takes 2026-02-30 for the second of March. */
function isDay(day: string): boolean {
  const parsed = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(day);
}
