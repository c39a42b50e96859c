/** The kinds of changes. A `g` rule is a role assignment, a `p` rule a policy, `g2` and on a grouping. */
export const ruleEventTypes = [
  'role_assignment.created',
  'role_assignment.deleted',
  'policy.created',
  'policy.deleted',
  'grouping.created',
  'grouping.deleted',
] as const;
export type RuleEventType = (typeof ruleEventTypes)[number];

/** Somebody read the log (option `recordReads`). */
export const readEventTypes = ['audit.read', 'audit.exported'] as const;
export type ReadEventType = (typeof readEventTypes)[number];

export const auditEventTypes = [...ruleEventTypes, ...readEventTypes] as const;
export type AuditEventType = (typeof auditEventTypes)[number];

/** What happens to rules. */
export const ruleOperations = ['created', 'deleted'] as const;
export type RuleOperation = (typeof ruleOperations)[number];

export const readOperations = ['read', 'exported'] as const;
export type ReadOperation = (typeof readOperations)[number];

export const auditOperations = [...ruleOperations, ...readOperations] as const;
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
  readonly query?: undefined;
}

/** What somebody asked the log for. */
export interface ReadDetails {
  /** The filters of the query, as they were given; `{ id }` for one record; an export has its `format` too. */
  readonly query: Readonly<Record<string, string>>;
  readonly ptype?: undefined;
  readonly rule?: undefined;
  readonly error?: undefined;
  readonly attempted?: undefined;
}

/**
 * What an event is about besides its keys. Each kind says that it lacks the fields of the other, so that nothing has to be cast:
 * `const { rule, query } = record.details` is one or the other, and `if (rule)` tells which. What `assign()` and its like answer are
 * RuleEvents, whose details always have a rule.
 */
export type AuditDetails = RuleDetails | ReadDetails;

/**
 * The immutable fact that a rule changed: built once, inside the transaction of the change, and carried unmapped through
 * outbox, record and follower. Keys are namespaced keys. If `outcome` is not `success` it is the fact that somebody tried to, and
 * its keys are whatever was given, made storable. With the option `recordReads` it may also be the fact that somebody read the log.
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
  readonly details: AuditDetails;
}

/** The fact that a rule changed, or that somebody tried to change it. */
export interface RuleEvent extends AuditEvent {
  readonly type: RuleEventType;
  readonly operation: RuleOperation;
  readonly details: RuleDetails;
}

/** The fact that somebody read the log: `subject` is what they read, such as `audit^records`; there is neither role nor scope. */
export interface ReadEvent extends AuditEvent {
  readonly type: ReadEventType;
  readonly operation: ReadOperation;
  readonly role: null;
  readonly scope: null;
  readonly details: ReadDetails;
}
