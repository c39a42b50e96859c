import type { RoleAssignment } from '../contract/role-assignment';

/** Values that an assignment must have; what is left out may be anything. */
export interface AssignmentFilter {
  readonly subject?: string;
  readonly role?: string;
  readonly scope?: string;
}

/** The same, now or in the past. */
export interface AssignmentSearch extends AssignmentFilter {
  /** Namespace of the scope: `lib` for `lib^lib:Org1:math`. */
  readonly scopeNamespace?: string;
  /** What was in force at this moment, as the log tells: ISO 8601. Default: what is in force now, as the table says */
  readonly asOf?: string;
}

export interface AssignmentQuery extends AssignmentSearch {
  /** Default: 50. At most 200. */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

export interface AssignmentItem extends Required<RoleAssignment> {
  /** With `asOf`: the actor of the record by which it was granted. */
  readonly grantedBy?: string | null;
  /** With `asOf`: the moment of that record. */
  readonly grantedAt?: string;
}

export interface AssignmentPage {
  readonly items: readonly AssignmentItem[];
  /** `null` on the last page. */
  readonly nextCursor: string | null;
  /** With `asOf`: that moment. */
  readonly asOf?: string;
  /** With `asOf`: the last record that counts. What was in force is what the log up to this `seq` leaves in force. */
  readonly seq?: string;
}
