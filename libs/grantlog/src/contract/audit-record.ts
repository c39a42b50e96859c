import type { AuditEvent } from './audit-event';

/** The event as it was appended to the log. */
export interface AuditRecord extends AuditEvent {
  /** Place in the log: append order, without gaps. A bigint, hence text. */
  readonly seq: string;
  /** Moment of the append, ISO 8601 in UTC with microseconds; never decreases with `seq`. */
  readonly recordedAt: string;
}
