import type { RoleAssignment } from '../contract/role-assignment';

/** Values that an assignment must have; what is left out may be anything. */
export interface AssignmentFilter {
  readonly subject?: string;
  readonly role?: string;
  readonly scope?: string;
}

export interface AssignmentQuery extends AssignmentFilter {
  /** Namespace of the scope: `lib` for `lib^lib:Org1:math`. */
  readonly scopeNamespace?: string;
  /** Default: 50. At most 200. */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

export interface AssignmentPage {
  readonly items: readonly Required<RoleAssignment>[];
  /** `null` on the last page. */
  readonly nextCursor: string | null;
}
