export const findingKinds = ['inserted', 'deleted', 'copied', 'gapped', 'malformed'] as const;

/**
 * What is wrong with a rule. `inserted`: it is in the table, and the log does not say so. `deleted`: the log says that it is in force, and
 * the table lacks it. `copied`: the table has it more than once. `gapped`: a column is absent before one that is not, so that no call can
 * remove it. `malformed`: it is in the table, no record tells of it, and none can.
 */
export type FindingKind = (typeof findingKinds)[number];

/** What the log said last of a rule. */
export interface LastTold {
  readonly operation: 'created' | 'deleted';
  /** The record; `null` while the event waits in the outbox. */
  readonly seq: string | null;
  /** The change made past Grantlog is later than this; `null` as above. */
  readonly recordedAt: string | null;
}

/** A rule of which table and log do not say the same, or that the table holds in no order. */
export interface RuleFinding {
  readonly kind: FindingKind;
  readonly ptype: string | null;
  readonly rule: readonly string[];
  /** The id of its first row in casbin_rule, as text; `null` if there is none. */
  readonly rowId: string | null;
  /** How many rows say it. */
  readonly rows: number;
  /** `null` if the log never told of it. */
  readonly told: LastTold | null;
}

export type ProblemCode = 'unique-rule' | 'trigger' | 'head' | 'seq' | 'recorded-at' | 'intervals';

/** What is wrong with the log, or what is derived from it. */
export interface LogProblem {
  readonly code: ProblemCode;
  readonly problem: string;
  readonly remedy: string;
}
