import type { RuleEvent } from './audit-event';

/** A subject has a role in a scope. */
export interface RoleAssignment {
  readonly subject: string;
  readonly role: string;
  /** Required when the model's `g` has three columns; `*` or left out when it has two. */
  readonly scope?: string;
}

/** What a call really changed. */
export interface RoleAssignmentChange {
  /** False when everything was already as asked: then nothing was written and nothing is recorded. */
  readonly changed: boolean;
  /** One event per assignment that changed. Inside a caller's transaction they become true when it commits. */
  readonly events: readonly RuleEvent[];
  /**
   * Names the change to `enforcer.caughtUp(token)`, which waits on any node until memory shows it. Opaque. `undefined` if nothing was
   * changed; `caughtUp()` then waits for what was found.
   */
  readonly token: string | undefined;
}
