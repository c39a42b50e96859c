import { Get, HttpCode, HttpStatus, Injectable, Post, type Type } from '@nestjs/common';
import { RoleAssignments } from '../assignments/role-assignments';
import { anyScope, KeySyntax } from '../contract/namespaced-key';
import type { RoleAssignment, RoleAssignmentChange } from '../contract/role-assignment';
import { changeResults, roleAssignmentsPage } from './answer-schemas';
import { reach } from './change-stage';
import { ChangesRoles } from './changes-roles';
import { CheckedBody, CheckedQuery } from './checked';
import { Describes } from './openapi';
import { NeedsPermission } from './permission';
import {
  changeBody,
  type ChangeBody,
  type NoQuery,
  noQuery,
  roleAssignmentsQuery,
  type RoleAssignmentsQuery,
} from './query-schemas';

interface AssignmentItem extends Required<RoleAssignment> {
  readonly subjectDisplay: string;
  readonly roleDisplay: string;
  readonly scopeDisplay: string;
}

interface ChangeResult extends Required<RoleAssignment> {
  readonly changed: boolean;
}

@Injectable()
export class RoleAssignmentsController {
  constructor(
    private readonly assignments: RoleAssignments,
    private readonly keys: KeySyntax,
  ) {}

  @Get()
  @NeedsPermission('audit.read')
  @Describes('The current role assignments, newest first', roleAssignmentsPage)
  async find(
    @CheckedQuery(roleAssignmentsQuery) query: RoleAssignmentsQuery,
  ): Promise<{ items: AssignmentItem[]; nextCursor: string | null }> {
    const { items, nextCursor } = await this.assignments.findPage(query);
    return { items: items.map((item) => this.item(item)), nextCursor };
  }

  @Post()
  @HttpCode(HttpStatus.OK)
  @NeedsPermission('roles.manage')
  @ChangesRoles()
  @Describes('Assigns roles: all of them or, on an error, none', changeResults)
  async assign(
    @CheckedBody(changeBody) { assignments, reason }: ChangeBody,
    @CheckedQuery(noQuery) _query: NoQuery,
  ): Promise<{ results: ChangeResult[] }> {
    reach('told');
    return { results: resultsOf(assignments, await this.assignments.assign(assignments, { reason })) };
  }

  @Post('remove')
  @HttpCode(HttpStatus.OK)
  @NeedsPermission('roles.manage')
  @ChangesRoles()
  @Describes('Removes roles: all of them or, on an error, none', changeResults)
  async remove(
    @CheckedBody(changeBody) { assignments, reason }: ChangeBody,
    @CheckedQuery(noQuery) _query: NoQuery,
  ): Promise<{ results: ChangeResult[] }> {
    reach('told');
    return { results: resultsOf(assignments, await this.assignments.remove(assignments, { reason })) };
  }

  private item({ subject, role, scope }: Required<RoleAssignment>): AssignmentItem {
    const { keys } = this;
    return {
      subject,
      role,
      scope,
      subjectDisplay: keys.display(subject),
      roleDisplay: keys.display(role),
      scopeDisplay: keys.display(scope),
    };
  }
}

/** Whether a controller is this one, mounted somewhere. */
export function changesRoles(controller: Type): boolean {
  return controller.prototype instanceof RoleAssignmentsController;
}

/** One result for each assignment, in the order given. Of one that was given twice, the first made the change. */
function resultsOf(assignments: readonly RoleAssignment[], { events }: RoleAssignmentChange): ChangeResult[] {
  const keyOf = (...columns: (string | null)[]): string => JSON.stringify(columns);
  const changed = new Set(events.map(({ subject, role, scope }) => keyOf(subject, role, scope)));
  return assignments.map(({ subject, role, scope = anyScope }) => ({
    subject,
    role,
    scope,
    changed: changed.delete(keyOf(subject, role, scope)),
  }));
}
