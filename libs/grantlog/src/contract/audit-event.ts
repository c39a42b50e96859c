/** The kinds of facts. A `g` rule is a role assignment, a `p` rule a policy, `g2` and on a grouping. */
export const auditEventTypes = [
  'role_assignment.created',
  'role_assignment.deleted',
  'policy.created',
  'policy.deleted',
  'grouping.created',
  'grouping.deleted',
] as const;
export type AuditEventType = (typeof auditEventTypes)[number];

export const auditOperations = ['created', 'deleted'] as const;
export type AuditOperation = (typeof auditOperations)[number];

/**
 * `success` changed a rule. `denied` and `failed` are attempts (option `attempts`) that changed nothing: somebody was not allowed to,
 * or it was refused, went wrong or was rolled back.
 */
export const auditOutcomes = ['success', 'denied', 'failed'] as const;
export type AuditOutcome = (typeof auditOutcomes)[number];

/** Why an attempt changed nothing. */
export interface AttemptError {
  /** Code of a GrantlogError, SQLSTATE of PostgreSQL, `HTTP_403`, `ROLLED_BACK`, `DENIED`, or the name of another error. */
  readonly code: string;
  /** At most 500 characters. */
  readonly message: string;
  /** The place in the input that was refused, e.g. `assignments[0].subject`. */
  readonly field?: string;
}

/** The rule that changed, whole: its policy type (`g`, `p`, `g2`, …) and its columns in order. */
export interface RuleDetails {
  readonly ptype: string;
  /** Of an attempt it is what was asked for: it may fit no model, and `''` stands for what was left out or was no text. */
  readonly rule: readonly string[];
  /** Of attempts only. */
  readonly error?: AttemptError;
  /** How many rules the call named, if an attempt named more than are recorded (100). */
  readonly attempted?: number;
}

/**
 * The immutable fact that a rule changed: built once, inside the transaction of the change, and carried unmapped through
 * outbox, record and follower. Keys are namespaced keys. If `outcome` is not `success` it is the fact that somebody tried to, and
 * its keys are whatever was given, made storable.
 */
export interface AuditEvent {
  /** UUID v7 (RFC 9562). Recognises a repeat: followers deliver at least once. */
  readonly id: string;
  readonly type: AuditEventType;
  readonly operation: AuditOperation;
  readonly outcome: AuditOutcome;
  /** Moment of the change, ISO 8601 in UTC with microseconds. Shown, not searched: a long transaction surfaces late. */
  readonly occurredAt: string;
  /** Who did it; `null` when no context was known. */
  readonly actor: string | null;
  readonly subject: string;
  /** Filled for role assignments only. */
  readonly role: string | null;
  /** `*` for an assignment in a model without scopes; `null` where a rule has no scope column. */
  readonly scope: string | null;
  readonly reason: string | null;
  /** UUID v7 shared by all events of one call. */
  readonly operationId: string;
  readonly requestId: string | null;
  readonly sourceIp: string | null;
  readonly userAgent: string | null;
  readonly details: RuleDetails;
}
