import { InvalidInputError } from '../contract/grantlog.error';
import { knownFields } from '../contract/known-fields';
import { anyScope, type KeySyntax } from '../contract/namespaced-key';
import type { RoleAssignment } from '../contract/role-assignment';
import type { AssignmentFilter } from './assignment-query';

/** Turns what a caller gives into the columns of `g` rules, or says which field is wrong and how to mend it. */
export class CheckedAssignments {
  constructor(
    private readonly keys: KeySyntax,
    /** Whether the model's `g` has a third column. */
    private readonly hasScopes: boolean,
  ) {}

  rules(assignments: RoleAssignment | readonly RoleAssignment[]): string[][] {
    if (Array.isArray(assignments)) {
      return (assignments as readonly RoleAssignment[]).map((one, index) => this.rule(one, `assignments[${index}]`));
    }
    return [this.rule(assignments as RoleAssignment, 'assignment')];
  }

  /** The columns that a filter names. `''` is refused: to Casbin it would mean everything. */
  matching(filter: AssignmentFilter): (string | undefined)[] {
    knownFields(filter, ['subject', 'role', 'scope'], 'filter');
    const { subject, role, scope } = filter;
    return [
      subject === undefined ? undefined : this.keys.key(subject, 'filter.subject'),
      role === undefined ? undefined : this.keys.key(role, 'filter.role'),
      scope === undefined ? undefined : this.scopeColumn(scope, 'filter.scope'),
    ];
  }

  private rule(assignment: RoleAssignment, field: string): string[] {
    knownFields(assignment, ['subject', 'role', 'scope'], field);
    const subject = this.keys.key(assignment.subject, `${field}.subject`);
    const role = this.keys.key(assignment.role, `${field}.role`);
    const scope =
      this.hasScopes || assignment.scope !== undefined
        ? this.scopeColumn(assignment.scope, `${field}.scope`)
        : undefined;
    return scope === undefined ? [subject, role] : [subject, role, scope];
  }

  private scopeColumn(scope: unknown, field: string): string | undefined {
    const key = this.keys.scope(scope, field);
    if (this.hasScopes) return key;
    if (key !== anyScope)
      throw new InvalidInputError(field, `must be "${anyScope}" or left out: this model has no scopes`);
    return undefined;
  }
}
