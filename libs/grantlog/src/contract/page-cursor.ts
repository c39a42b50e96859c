import { createHash } from 'node:crypto';
import { InvalidInputError } from './grantlog.error';

/**
 * An opaque place in a list that is read page by page: the key of the last item, bound to the list and the query it was given
 * for. With another one it would skip or repeat items in silence, so it is refused there.
 */
export function cursorAfter(key: string, list: string, query: object): string {
  return Buffer.from(JSON.stringify([key, fingerprint(list, query)])).toString('base64url');
}

/** A seq, or the id of a row. */
const number = /^\d{1,18}$/;

/**
 * The key that a cursor was made of.
 * @param form of the keys of this list
 * @throws InvalidInputError naming `cursor`, if it is not one of ours or belongs to another query
 */
export function keyOfCursor(cursor: unknown, list: string, query: object, form = number): string {
  const [key, belongsTo] = typeof cursor === 'string' ? parsed(cursor) : [];
  if (typeof key !== 'string' || !form.test(key) || typeof belongsTo !== 'string') {
    throw new InvalidInputError('cursor', 'must be the nextCursor of an earlier page, unchanged');
  }
  if (belongsTo !== fingerprint(list, query)) {
    throw new InvalidInputError(
      'cursor',
      'belongs to another query; keep the filters of the first page, or start again without it',
    );
  }
  return key;
}

function parsed(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(value) ? value : [];
  } catch {
    return []; // not JSON, hence not one of ours: the caller says so
  }
}

function fingerprint(list: string, query: object): string {
  const filters = Object.entries(query).filter(([, value]) => value !== undefined);
  filters.sort(([left], [right]) => (left < right ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([list, filters]))
    .digest('base64url')
    .slice(0, 16);
}
