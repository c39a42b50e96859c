import { Get, HttpCode, HttpStatus, Injectable, Post, type Type } from '@nestjs/common';
import { RoleAssignments } from '../assignments/role-assignments';
import { anyScope, KeySyntax } from '../contract/namespaced-key';
import type { RoleAssignment, RoleAssignmentChange } from '../contract/role-assignment';
import type { AssignmentItem, AssignmentPage } from '../assignments/assignment-query';
import {
  type ChangeItem,
  changeItem,
  type Displayed,
  intervalItem,
  type IntervalItem,
  withDisplays,
} from '../past/interval-item';
import type { DifferencePage } from '../past/difference-query';
import type { HistoryPage } from '../past/past-query';
import { assignmentDifferencePage, assignmentHistoryPage, changeResults, roleAssignmentsPage } from './answer-schemas';
import { reach } from './change-stage';
import { ChangesRoles } from './changes-roles';
import { CheckedBody, CheckedQuery } from './checked';
import { Describes } from './openapi';
import { NeedsPermission } from './permission';
import {
  changeBody,
  assignmentDifferenceQuery,
  type AssignmentDifferenceQuery,
  assignmentHistoryQuery,
  type AssignmentHistoryQuery,
  type ChangeBody,
  type NoQuery,
  noQuery,
  roleAssignmentsQuery,
  type RoleAssignmentsQuery,
} from './query-schemas';
import { RecordedReads } from '../reads/recorded-reads';
import { Viewer } from './viewer';

interface ChangeResult extends Required<RoleAssignment> {
  readonly changed: boolean;
}

@Injectable()
export class RoleAssignmentsController {
  constructor(
    private readonly assignments: RoleAssignments,
    private readonly keys: KeySyntax,
    private readonly viewer: Viewer,
    private readonly reads: RecordedReads,
  ) {}

  @Get()
  @NeedsPermission('audit.read')
  @Describes('The role assignments in force, now or at a moment (asOf), newest first', roleAssignmentsPage)
  async find(
    @CheckedQuery(roleAssignmentsQuery) query: RoleAssignmentsQuery,
  ): Promise<Omit<AssignmentPage, 'items'> & { items: (AssignmentItem & Displayed)[] }> {
    const page = await this.assignments.findPage(query, { visible: await this.viewer.visible() });
    if (query.asOf !== undefined) await this.reads.read('history', query); // the log answers, and not the rules
    return { ...page, items: page.items.map((item) => withDisplays(item, this.keys)) };
  }

  @Get('history')
  @NeedsPermission('audit.read')
  @Describes(
    'From when to when roles were assigned, granted and ended by whom and why; newest first. Needs subject, role or scope',
    assignmentHistoryPage,
  )
  async history(
    @CheckedQuery(assignmentHistoryQuery) query: AssignmentHistoryQuery,
  ): Promise<Omit<HistoryPage, 'items'> & { items: IntervalItem[] }> {
    const page = await this.assignments.history(query, { visible: await this.viewer.visible() });
    await this.reads.read('history', query);
    return { ...page, items: page.items.map((item) => intervalItem(item, this.keys)) };
  }

  @Get('difference')
  @NeedsPermission('audit.read')
  @Describes(
    'Which assignments differ between two moments, newest change first, each with the record that made the difference',
    assignmentDifferencePage,
  )
  async difference(
    @CheckedQuery(assignmentDifferenceQuery) query: AssignmentDifferenceQuery,
  ): Promise<Omit<DifferencePage, 'items'> & { items: ChangeItem[] }> {
    const page = await this.assignments.difference(query, { visible: await this.viewer.visible() });
    await this.reads.read('history', query);
    return { ...page, items: page.items.map((item) => changeItem(item, this.keys)) };
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
