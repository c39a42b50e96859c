/**
 * The steps of the flow (docs/flow.md) at which something is struck: what is true at that moment, and the latest of how many
 * occurrences under load is struck.
 */
export const steps = {
  /** (1) A change is about to be sent. */
  'before-statement': 60,
  /** (1) It is sent and not answered. */
  statement: 60,
  /** A caller's transaction has changed rules, and its COMMIT is about to be sent. */
  'before-commit': 12,
  /** (2) That COMMIT is sent and not answered. */
  commit: 12,
  /** (2) A change is committed and answered, and nobody has been told. */
  committed: 40,
  /** (4) The relay has taken events and has not sent them to the log. */
  claim: 8,
  /** (5) They are sent to the log, without an answer. */
  append: 8,
  /** (5) They are in the log, in a transaction that is open. */
  appended: 8,
  /** (6) Its COMMIT is sent and not answered. */
  'recording-commit': 8,
  /** (6) It is answered. */
  recorded: 8,
  /** (7) A listener of the host has been called and has not taken the record. */
  delivering: 40,
  /** (7) It has taken it, and the cursor is about to be moved. */
  delivered: 40,
  /** (8) The cursor has moved. */
  cursor: 40,
  /** (3) Memory reads the whole table. */
  load: 2,
  /** (3) Memory reads what has changed. */
  follow: 4,
} as const;

export type Step = keyof typeof steps;

/** Steps in which a statement is under way: it is given a random moment before the fault comes. */
export const underWay: ReadonlySet<Step> = new Set<Step>([
  'statement',
  'commit',
  'append',
  'recording-commit',
  'load',
  'follow',
]);

/** What ends without notice: the app, PostgreSQL with all its processes, or the connection on which the step happens. */
export const faults = ['app', 'postgres', 'connection'] as const;
export type Fault = (typeof faults)[number];

export interface Cell {
  readonly step: Step;
  readonly fault: Fault;
}

export const cells: readonly Cell[] = (Object.keys(steps) as Step[]).flatMap((step) =>
  faults.map((fault) => ({ step, fault })),
);

export function nameOf({ step, fault }: Cell): string {
  return `${step} × ${fault}`;
}
