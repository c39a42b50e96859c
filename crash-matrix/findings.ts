/** What may never be, counted. */
export const kinds = {
  missed: 'committed changes without a record',
  withoutChange: 'records without a change',
  duplicates: 'events recorded more than once',
  gaps: 'gaps in seq, and records out of order',
  acknowledgedGone: 'acknowledged changes that are gone',
  grantsNotInTable: 'rules in memory that are not in the table',
  rulesNotInMemory: 'rules of the table that memory lacks',
  undelivered: 'records passed that no listener was given',
  notRecovered: 'times that the app did not recover',
} as const;

export type Kind = keyof typeof kinds;
export type Findings = Readonly<Record<Kind, number>>;

export const nothing = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, 0])) as Findings;

export function sum(all: readonly Findings[]): Findings {
  const names = Object.keys(kinds) as Kind[];
  return Object.fromEntries(names.map((kind) => [kind, all.reduce((total, one) => total + one[kind], 0)])) as Findings;
}

export function total(findings: Findings): number {
  return (Object.keys(kinds) as Kind[]).reduce((all, kind) => all + findings[kind], 0);
}
