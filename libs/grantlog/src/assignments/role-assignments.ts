import { objectOf } from '../contract/known-fields';
import { tokenOf } from '../contract/commit-token';
import type { RuleEntry } from '../contract/outbox-batch';
import type { RoleAssignment, RoleAssignmentChange } from '../contract/role-assignment';
import type { ChangeOptions, RuleChanges } from '../rules/rule-changes';
import type { ReadOptions } from '../contract/visible-scopes';
import type { AssignmentDifference } from '../past/assignment-difference';
import type { AssignmentHistory } from '../past/assignment-history';
import type { DifferencePage, DifferenceQuery } from '../past/difference-query';
import type { PastAssignments } from '../past/past-assignments';
import type { HistoryPage, HistoryQuery } from '../past/past-query';
import type {
  AssignmentFilter,
  AssignmentItem,
  AssignmentPage,
  AssignmentQuery,
  AssignmentSearch,
} from './assignment-query';
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
    private readonly past: PastAssignments,
    private readonly intervals: AssignmentHistory,
    private readonly differences: AssignmentDifference,
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

  /**
   * The assignments that have the given values, newest first: the current ones as they are committed in the database, or with `asOf` those that
   * were in force at a moment, as the log tells.
   * @throws InvalidInputError for a moment before the log began, in the future, or up to which the log is not complete
   */
  find(filter: AssignmentSearch = {}, options?: ReadOptions): Promise<AssignmentItem[]> {
    const { asOf, ...rest } = objectOf(filter, 'filter');
    return asOf === undefined ? this.reader.all(rest, options) : this.past.all({ ...rest, asOf }, options);
  }

  /**
   * The same, a page at a time.
   * @throws InvalidInputError for a limit outside 1 to 200 or a cursor of another query
   */
  findPage(query: AssignmentQuery = {}, options?: ReadOptions): Promise<AssignmentPage> {
    const { asOf, ...rest } = objectOf(query);
    return asOf === undefined ? this.reader.page(rest, options) : this.past.page({ ...rest, asOf }, options);
  }

  /**
   * From when to when assignments were in force, and by whose doing, as the log tells; newest beginning first.
   * @throws InvalidInputError if neither subject, role nor scope is given; otherwise as `findPage`
   */
  history(query: HistoryQuery, options?: ReadOptions): Promise<HistoryPage> {
    return this.intervals.page(query, options);
  }

  /**
   * Which assignments differ between two moments, as `asOf` means them, newest change first, each with the record that made the difference.
   * What was taken away and given again between them, or given and taken away, is none. All pages are of the same two moments.
   * @throws InvalidInputError for a moment that `asOf` would not take, or `from` after `to`; otherwise as `findPage`
   */
  difference(query: DifferenceQuery, options?: ReadOptions): Promise<DifferencePage> {
    return this.differences.page(query, options);
  }
}

/** What these callers know rules as. */
const as = 'assignments';

function changeOf(entries: readonly RuleEntry[]): RoleAssignmentChange {
  const [first] = entries;
  return { changed: entries.length > 0, events: entries.map(({ event }) => event), token: first && tokenOf(first.xid) };
}
