import type { AuditRecord } from '../contract/audit-record';
import type { RoleAssignment } from '../contract/role-assignment';

/** What assignments must have; what is left out may be anything. */
export interface PastFilter {
  readonly subject?: string;
  readonly role?: string;
  readonly scope?: string;
  /** Namespace of the scope: `lib` for `lib^lib:Org1:math`. */
  readonly scopeNamespace?: string;
}

/** An assignment that was in force, as the log tells. */
export interface PastAssignment extends Required<RoleAssignment> {
  /** Actor of the record by which it was granted. */
  readonly grantedBy: string | null;
  /** Moment of that record. */
  readonly grantedAt: string;
}

export interface PastPage {
  readonly items: readonly PastAssignment[];
  /** `null` on the last page. */
  readonly nextCursor: string | null;
  /** The moment that was asked for. */
  readonly asOf: string;
  /** The last record that counts: what was in force is what the log up to this `seq` leaves in force. */
  readonly seq: string;
}

/** At least one of subject, role and scope. */
export interface HistoryQuery extends PastFilter {
  /** Default: 50. At most 200. */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

/** For how long somebody had a role. */
export interface AssignmentInterval extends Required<RoleAssignment> {
  /** The record that began it; `null` if none tells of its creation: it was made past Grantlog, and is known by its end alone. */
  readonly granted: AuditRecord | null;
  /**
   * The record that ended it; `null` while it is in force. If its operation is `created`, the assignment was made again although the log had
   * it in force: it had been taken away past Grantlog, at a moment that nobody recorded.
   */
  readonly ended: AuditRecord | null;
}

export interface HistoryPage {
  /** Newest beginning first. */
  readonly items: readonly AssignmentInterval[];
  /** `null` on the last page. */
  readonly nextCursor: string | null;
  /** Everything recorded up to this moment is told. */
  readonly closedThrough: string;
}
