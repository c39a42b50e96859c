import { attemptedAssignments, type AttemptedShape } from '../attempts/attempted-rules';
import type { AttemptWatch } from '../attempts/attempt-watch';
import type { RuleOperation } from '../contract/audit-event';
import type { RoleAssignment, RoleAssignmentChange } from '../contract/role-assignment';
import type { ChangeOptions } from '../rules/rule-changes';
import type { AssignmentFilter } from './assignment-query';
import { RoleAssignments } from './role-assignments';

/** Role assignments of which those that are refused or fail leave a record. Their own rule changes MUST NOT: it would be a second one. */
export class WatchedRoleAssignments extends RoleAssignments {
  /** @param shape of `g` */
  constructor(
    private readonly attempts: AttemptWatch,
    private readonly shape: AttemptedShape,
    ...parts: ConstructorParameters<typeof RoleAssignments>
  ) {
    super(...parts);
  }

  override assign(
    assignments: RoleAssignment | readonly RoleAssignment[],
    options?: ChangeOptions,
  ): Promise<RoleAssignmentChange> {
    return this.watched('created', assignments, options, () => super.assign(assignments, options));
  }

  override remove(
    assignments: RoleAssignment | readonly RoleAssignment[],
    options?: ChangeOptions,
  ): Promise<RoleAssignmentChange> {
    return this.watched('deleted', assignments, options, () => super.remove(assignments, options));
  }

  override removeAll(filter: AssignmentFilter, options?: ChangeOptions): Promise<RoleAssignmentChange> {
    return this.watched('deleted', filter, options, () => super.removeAll(filter, options));
  }

  private watched(
    operation: RuleOperation,
    given: unknown,
    options: ChangeOptions | undefined,
    call: () => Promise<RoleAssignmentChange>,
  ): Promise<RoleAssignmentChange> {
    const tried = attemptedAssignments(this.shape, operation, given);
    return this.attempts.watch(() => tried, options, call);
  }
}
