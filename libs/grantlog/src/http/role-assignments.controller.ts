import { Body, Get, HttpCode, HttpStatus, Injectable, Post, Query } from '@nestjs/common';
import { RoleAssignments } from '../assignments/role-assignments';
import { anyScope, KeySyntax } from '../contract/namespaced-key';
import type { RoleAssignment, RoleAssignmentChange } from '../contract/role-assignment';
import { changeResults, roleAssignmentsPage } from './answer-schemas';
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
import { SchemaPipe } from './schema.pipe';

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
    @Query({ schema: roleAssignmentsQuery, pipes: [new SchemaPipe(roleAssignmentsQuery)] }) query: RoleAssignmentsQuery,
  ): Promise<{ items: AssignmentItem[]; nextCursor: string | null }> {
    const { items, nextCursor } = await this.assignments.findPage(query);
    return { items: items.map((item) => this.item(item)), nextCursor };
  }

  @Post()
  @HttpCode(HttpStatus.OK)
  @NeedsPermission('roles.manage')
  @Describes('Assigns roles: all of them or, on an error, none', changeResults)
  async assign(
    @Body({ schema: changeBody, pipes: [new SchemaPipe(changeBody)] }) { assignments, reason }: ChangeBody,
    @Query({ schema: noQuery, pipes: [new SchemaPipe(noQuery)] }) _query: NoQuery,
  ): Promise<{ results: ChangeResult[] }> {
    return { results: resultsOf(assignments, await this.assignments.assign(assignments, { reason })) };
  }

  @Post('remove')
  @HttpCode(HttpStatus.OK)
  @NeedsPermission('roles.manage')
  @Describes('Removes roles: all of them or, on an error, none', changeResults)
  async remove(
    @Body({ schema: changeBody, pipes: [new SchemaPipe(changeBody)] }) { assignments, reason }: ChangeBody,
    @Query({ schema: noQuery, pipes: [new SchemaPipe(noQuery)] }) _query: NoQuery,
  ): Promise<{ results: ChangeResult[] }> {
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
