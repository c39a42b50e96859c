import type { Query } from '../route';

/** What the view shows of assignments; `now` where the address says nothing. */
export const modes = ['now', 'as-of', 'difference', 'history'] as const;
export type Mode = (typeof modes)[number];

export const modeOf = (query: Query): Mode => modes.find((mode) => mode === query.mode) ?? 'now';

/** What the lists of all modes can be narrowed by. */
export const filters = ['subject', 'role', 'scope', 'scopeNamespace'] as const;

/** The moments of each mode, under the names that the API has for them. */
export const moments = {
  now: [],
  'as-of': ['asOf'],
  difference: ['from', 'to'],
  history: [],
} as const satisfies Readonly<Record<Mode, readonly string[]>>;

/** Of the address, what the API is asked for; the rest stays there for when the mode is changed back. */
export function askedFor(query: Query): Query {
  const names = [...filters, ...moments[modeOf(query)]];
  return Object.fromEntries(names.flatMap((name) => (query[name] ? [[name, query[name]]] : [])));
}
