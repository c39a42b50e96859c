import type { AuditEventType, AuditOperation, AuditOutcome } from '../contract/audit-event';
import type { AuditRecord } from '../contract/audit-record';

/** What records must have; everything can be combined, and what is left out may be anything. */
export interface AuditFilter {
  readonly subject?: string;
  readonly role?: string;
  readonly scope?: string;
  /** Namespace of the scope: `lib` for `lib^lib:Org1:math`. */
  readonly scopeNamespace?: string;
  readonly subjectPrefix?: string;
  readonly scopePrefix?: string;
  readonly actor?: string;
  readonly operation?: AuditOperation;
  readonly type?: AuditEventType;
  readonly outcome?: AuditOutcome;
  /** Recorded at this moment or later; ISO 8601. */
  readonly from?: string;
  /** Recorded before this moment; ISO 8601. */
  readonly to?: string;
  readonly requestId?: string;
  readonly operationId?: string;
}

export interface AuditQuery extends AuditFilter {
  /** Default: 50. At most 200. */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

export interface AuditPage {
  readonly items: readonly AuditRecord[];
  /** `null` on the last page. */
  readonly nextCursor: string | null;
  /** Everything recorded up to this moment is there for good: a window that ends here never changes any more. */
  readonly closedThrough: string;
}
