import { InvalidInputError } from '../contract/grantlog.error';

/** Abbreviations are left out: to PostgreSQL, CET is always an hour ahead, and not what is in force in summer. */
const named = /^(UTC|GMT|[A-Za-z][\w+-]*(\/[A-Za-z][\w+-]*)+)$/;

/**
 * The zone, if it is a name of the IANA database; `UTC` if none is given.
 * @throws InvalidInputError
 */
export function checkedTimeZone(value: unknown, field: string): string {
  if (value === undefined) return 'UTC';
  if (typeof value === 'string' && named.test(value) && isKnown(value)) return value;
  return unknownZone(field);
}

export function unknownZone(field: string): never {
  throw new InvalidInputError(field, 'must be UTC or the IANA name of a time zone, such as Europe/Berlin');
}

function isKnown(timeZone: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone }));
  } catch {
    return false; // a RangeError: there is no such zone
  }
}
