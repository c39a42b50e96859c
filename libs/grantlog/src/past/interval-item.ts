import type { KeySyntax } from '../contract/namespaced-key';
import type { RoleAssignment } from '../contract/role-assignment';
import { type RecordItem, recordItem } from '../trail/record-item';
import type { AssignmentChange } from './difference-query';
import type { AssignmentInterval } from './past-query';

/** Keys as the API shows them: also without their namespace. */
export interface Displayed {
  readonly subjectDisplay: string;
  readonly roleDisplay: string;
  readonly scopeDisplay: string;
}

/** An interval as the API shows it. */
export interface IntervalItem extends Required<RoleAssignment>, Displayed {
  readonly granted: RecordItem | null;
  readonly ended: RecordItem | null;
}

export function withDisplays<T extends Required<RoleAssignment>>(assignment: T, keys: KeySyntax): T & Displayed {
  const { subject, role, scope } = assignment;
  return {
    ...assignment,
    subjectDisplay: keys.display(subject),
    roleDisplay: keys.display(role),
    scopeDisplay: keys.display(scope),
  };
}

export function intervalItem({ granted, ended, ...assignment }: AssignmentInterval, keys: KeySyntax): IntervalItem {
  return {
    ...withDisplays(assignment, keys),
    granted: granted && recordItem(granted, keys),
    ended: ended && recordItem(ended, keys),
  };
}

/** A change between two moments as the API shows it. */
export interface ChangeItem extends Required<RoleAssignment>, Displayed {
  readonly change: AssignmentChange['change'];
  readonly record: RecordItem;
}

export function changeItem({ change, record, ...assignment }: AssignmentChange, keys: KeySyntax): ChangeItem {
  return { change, ...withDisplays(assignment, keys), record: recordItem(record, keys) };
}
