/*
 * What the address of the view says, and what the server is asked for. Free of the browser, so that its tests need none.
 */

export const operations = ['created', 'deleted', 'read', 'exported'] as const;
export const outcomes = ['success', 'denied', 'failed'] as const;
export const types = [
  'role_assignment.created',
  'role_assignment.deleted',
  'policy.created',
  'policy.deleted',
  'grouping.created',
  'grouping.deleted',
  'audit.read',
  'audit.exported',
] as const;

/** Every filter of the API, in the order in which they are shown. */
export const filterFields = [
  'subject',
  'subjectPrefix',
  'role',
  'scope',
  'scopePrefix',
  'scopeNamespace',
  'actor',
  'operation',
  'type',
  'outcome',
  'requestId',
  'operationId',
  'from',
  'to',
] as const;

/** Filters as they stand in the address: those of the API, and `last`, a window that moves along. */
export type Field = (typeof filterFields)[number] | 'last';
export type Filter = Readonly<Partial<Record<Field, string>>>;

/** The address may hold anything; what the API does not know, it names. */
type Address = Readonly<Record<string, string | undefined>>;

/** Of the page itself: the opened record, and the parts of a query that paging sets. */
const ofThePage = new Set(['record', 'limit', 'cursor']);

/** The address without what is opened: the same list. */
export function listed(address: Address): Readonly<Record<string, string>> {
  const given = Object.entries(address).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return Object.fromEntries(given.filter(([name]) => !ofThePage.has(name)));
}

export function without(address: Address, ...fields: readonly string[]): Address {
  return Object.fromEntries(Object.entries(listed(address)).filter(([name]) => !fields.includes(name)));
}

/** The address with filters added; a window that moves along and one that stands still exclude each other. */
export function narrowed(address: Address, filter: Filter): Address {
  if (filter.last) return { ...without(address, 'from', 'to'), ...filter };
  if (filter.from || filter.to) return { ...without(address, 'last'), ...filter };
  return { ...listed(address), ...filter };
}

/** A filter that the page itself cannot make anything of. */
export class FilterError extends Error {
  constructor(
    readonly field: Field,
    problem: string,
  ) {
    super(`${field} ${problem}`);
  }
}

/**
 * What the API is asked for now. The window that moves along begins at a full minute: the same question within it is the same to the
 * server, which may record who asks.
 * @throws FilterError
 */
export function asked(address: Address, now: Date): Readonly<Record<string, string>> {
  const { last, ...filter } = listed(address);
  if (last === undefined) return filter;
  if (filter.from || filter.to) throw new FilterError('last', 'cannot stand beside from or to; drop one of them.');
  const from = new Date(Math.floor((now.getTime() - lengthOf(last)) / minute) * minute);
  return { ...filter, from: from.toISOString() };
}

const minute = 60_000;
const units = { h: 60 * minute, d: 24 * 60 * minute } as const;

function lengthOf(last: string): number {
  const [, count, unit] = /^([1-9]\d{0,3})([hd])$/.exec(last) ?? [];
  if (!count) throw new FilterError('last', 'must be a number of hours or days, such as 24h or 7d.');
  return Number(count) * units[unit as keyof typeof units];
}
