import type { AuditRecord } from '../contract/audit-record';
import type { RoleAssignment } from '../contract/role-assignment';
import type { PastFilter } from './past-query';

export interface DifferenceQuery extends PastFilter {
  /** The earlier moment, as `asOf` means it; ISO 8601. */
  readonly from: string;
  /** The later one, likewise. Default: now, as far as the log is closed */
  readonly to?: string;
  /** Default: 50. At most 200. */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

/** An assignment that was in force at one of two moments, and not at the other. */
export interface AssignmentChange extends Required<RoleAssignment> {
  /** `created`: it is there at the later moment only; `deleted`: at the earlier one only. */
  readonly change: 'created' | 'deleted';
  /** The last one about it between the two: by whose doing it is there, or is not. */
  readonly record: AuditRecord;
}

export interface DifferencePage {
  /** Newest change first. There may be fewer than asked for, even none, with more to come: where much was given and taken back again. */
  readonly items: readonly AssignmentChange[];
  /** `null` on the last page. */
  readonly nextCursor: string | null;
  readonly from: string;
  /** The same on all pages, also if it was left out. */
  readonly to: string;
}
