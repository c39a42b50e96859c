import type { RequestLike } from '../context/request-context';
import type { RuleOperation } from '../contract/audit-event';
import type { RoleAssignment } from '../contract/role-assignment';

/** A request for a change, before anything of it has been checked. */
export interface ChangeRequest extends RequestLike {
  readonly method?: string;
  readonly path?: string;
  readonly body?: unknown;
}

/** What a request asks for, as it says it. */
export interface AskedChange {
  readonly operation: RuleOperation;
  /** As they were sent: whoever records them takes anything. */
  readonly assignments: readonly RoleAssignment[];
  readonly reason: string | undefined;
}

/** Routes match in any case unless the host says otherwise, so a path is read in any. */
const removing = /\/remove\/?$/i;

export function askedChange({ path, body }: ChangeRequest): AskedChange {
  const { assignments, reason } = (typeof body === 'object' && body !== null ? body : {}) as Partial<AskedChange>;
  return { operation: removing.test(path ?? '') ? 'deleted' : 'created', assignments: assignments ?? [], reason };
}
