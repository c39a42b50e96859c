import { type RuleOperation, ruleOperations } from '../contract/audit-event';
import { InvalidInputError } from '../contract/grantlog.error';
import type { RoleAssignment } from '../contract/role-assignment';
import { attemptError, attemptErrorOf } from './attempt-error';
import type { AttemptOutcome } from './attempt-events';
import { attemptedAssignments, type AttemptedShape } from './attempted-rules';
import type { AttemptWatch } from './attempt-watch';

export interface AttemptOptions {
  /** Why it was tried, as whoever tried it says. Default: the reason of `runAs`, or none */
  readonly reason?: string;
  /** What it was refused by; the record tells its code and message. Default: `DENIED` or `FAILED` */
  readonly error?: unknown;
}

/**
 * For hosts that refuse role changes before Grantlog hears of them, in a guard or a check of their own: leaves the record that
 * somebody tried. Without the option `attempts` it does nothing.
 */
export class Attempts {
  /** @internal */
  constructor(
    private readonly watch: AttemptWatch | null,
    private readonly shape: AttemptedShape,
  ) {}

  /** Whether attempts are recorded: the option `attempts`. */
  get areRecorded(): boolean {
    return this.watch !== null;
  }

  /**
   * Records that somebody was not allowed to assign (`'created'`) or remove (`'deleted'`) roles. The actor is the one of the
   * present request or `runAs`. The assignments may be malformed; the first 100 are recorded and the rest counted. It is written in
   * the background, in a transaction of its own, and never waits.
   *
   * @returns the operationId of its records; `undefined` if none will be: attempts are not recorded, or too many wait already
   * @throws InvalidInputError for an unknown operation
   */
  denied(
    operation: RuleOperation,
    assignments: RoleAssignment | readonly RoleAssignment[],
    options: AttemptOptions = {},
  ): string | undefined {
    return this.leave('denied', operation, assignments, options);
  }

  /** The same of one that was allowed and failed. */
  failed(
    operation: RuleOperation,
    assignments: RoleAssignment | readonly RoleAssignment[],
    options: AttemptOptions = {},
  ): string | undefined {
    return this.leave('failed', operation, assignments, options);
  }

  private leave(
    outcome: AttemptOutcome,
    operation: RuleOperation,
    assignments: unknown,
    { reason, error }: AttemptOptions,
  ): string | undefined {
    if (!ruleOperations.includes(operation)) {
      throw new InvalidInputError('operation', `must be one of ${ruleOperations.join(', ')}`);
    }
    const tried = attemptedAssignments(this.shape, operation, assignments);
    const why = error === undefined ? attemptError(outcome.toUpperCase(), whyNot[outcome]) : attemptErrorOf(error);
    return this.watch?.leave(outcome, tried, why, reason);
  }
}

const whyNot: Record<AttemptOutcome, string> = {
  denied: 'The attempt was not allowed.',
  failed: 'The attempt failed.',
};
