import { tokenOf } from '../contract/commit-token';
import type { OutboxEntry } from '../contract/outbox-batch';
import type { RoleAssignment, RoleAssignmentChange } from '../contract/role-assignment';
import type { ChangeOptions, RuleChanges } from '../rules/rule-changes';
import type { AssignmentFilter, AssignmentPage, AssignmentQuery } from './assignment-query';
import type { AssignmentReader } from './assignment-reader';
import type { CheckedAssignments } from './checked-assignments';

/**
 * Assigns and removes roles, and tells who has them. Each change is committed together with its event; where the caller has
 * a transaction (`options.manager`, or the ambient one), it is part of it.
 */
export class RoleAssignments {
  constructor(
    private readonly changes: RuleChanges,
    private readonly checked: CheckedAssignments,
    private readonly reader: AssignmentReader,
  ) {}

  /**
   * Assigns roles; all or nothing. What is assigned already stays as it is and makes no event.
   *
   * @param assignments one, or up to `maxRules` (default 100,000) of them
   * @throws InvalidInputError naming the field, e.g. `assignments[2].scope`; nothing was changed
   * @throws MissingActorError
   * @throws OutcomeUnknownError if the connection is lost before the answer
   */
  async assign(
    assignments: RoleAssignment | readonly RoleAssignment[],
    options?: ChangeOptions,
  ): Promise<RoleAssignmentChange> {
    return changeOf(await this.changes.add('g', this.checked.rules(assignments), { ...options, as }));
  }

  /** Removes roles; all or nothing. What is not assigned makes no event. Limits and errors as in `assign`. */
  async remove(
    assignments: RoleAssignment | readonly RoleAssignment[],
    options?: ChangeOptions,
  ): Promise<RoleAssignmentChange> {
    return changeOf(await this.changes.remove('g', this.checked.rules(assignments), { ...options, as }));
  }

  /**
   * Removes every assignment that has the given values, each with an event of its own.
   * @throws InvalidInputError if the filter names nothing: it would remove everything
   */
  async removeAll(filter: AssignmentFilter, options?: ChangeOptions): Promise<RoleAssignmentChange> {
    return changeOf(await this.changes.removeMatching('g', this.checked.matching(filter), options));
  }

  /** The current assignments that have the given values, newest first, as they are committed in the database. */
  find(filter: AssignmentFilter = {}): Promise<Required<RoleAssignment>[]> {
    return this.reader.all(filter);
  }

  /**
   * The same, a page at a time.
   * @throws InvalidInputError for a limit outside 1 to 200 or a cursor of another query
   */
  findPage(query: AssignmentQuery = {}): Promise<AssignmentPage> {
    return this.reader.page(query);
  }
}

/** What these callers know rules as. */
const as = 'assignments';

function changeOf(entries: readonly OutboxEntry[]): RoleAssignmentChange {
  const [first] = entries;
  return { changed: entries.length > 0, events: entries.map(({ event }) => event), token: first && tokenOf(first.xid) };
}
