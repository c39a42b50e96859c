import type { Rule } from './rule';

/** What would have to be changed in the table for it to hold what somebody wants it to hold. */
export interface RuleDifference {
  readonly surplus: readonly Rule[];
  readonly missing: readonly Rule[];
}
