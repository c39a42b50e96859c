import { ApiError, get, post } from '../api/api';
import type { Assignment, AssignmentsPage, ChangeResults } from '../api/answers';
import type { Query } from '../route';

/** A change as somebody means it. */
export interface Change {
  readonly verb: 'assign' | 'remove';
  readonly assignments: readonly Assignment[];
  readonly reason: string;
}

export type Result = ChangeResults['results'][number];

/** The columns of an assignment; the scope is empty in a model without. */
export const columns = ['subject', 'role', 'scope'] as const;

/** What to assign, begun with what the address names. */
export function startOf({ subject = '', role = '', scope = '' }: Query): Change {
  return { verb: 'assign', assignments: [{ subject, role, scope }], reason: '' };
}

/** Without blanks around the keys, which come along when a key is copied, and without what is named twice. */
export function cleaned({ verb, assignments, reason }: Change): Change {
  if (verb === 'remove') return { verb, assignments, reason: reason.trim() };
  const trimmed = assignments.map(({ subject, role, scope }) => [subject.trim(), role.trim(), scope.trim()] as const);
  const distinct = new Map(trimmed.map((keys) => [JSON.stringify(keys), keys]));
  return {
    verb,
    assignments: [...distinct.values()].map(([subject, role, scope]) => ({ subject, role, scope })),
    reason: reason.trim(),
  };
}

/** How many are asked at once: a browser does not send more to one server. */
const atOnce = 6;

/**
 * Whether each of the assignments is in force now, as far as the viewer may see.
 * @throws ApiError naming the field as a change would, `assignments[0].subject`
 */
export async function inForce(assignments: readonly Assignment[]): Promise<readonly boolean[]> {
  const found: boolean[] = [];
  while (found.length < assignments.length) {
    const next = assignments.slice(found.length, found.length + atOnce);
    found.push(...(await Promise.all(next.map((assignment, i) => isInForce(assignment, found.length + i)))));
  }
  return found;
}

async function isInForce({ subject, role, scope }: Assignment, index: number): Promise<boolean> {
  const query = { subject, role, scope: scope || '*', limit: '1' };
  try {
    return (await get<AssignmentsPage>('role-assignments', query)).items.length > 0;
  } catch (error) {
    if (!(error instanceof ApiError && error.field)) throw error;
    throw new ApiError(error.status, error.message, `assignments[${index}].${error.field}`, error.code);
  }
}

/** Makes the change, all of it or nothing. */
export async function made({ verb, assignments, reason }: Change): Promise<readonly Result[]> {
  const path = verb === 'assign' ? 'role-assignments' : 'role-assignments/remove';
  const named = assignments.map(({ subject, role, scope }) => (scope ? { subject, role, scope } : { subject, role }));
  return (await post<ChangeResults>(path, { assignments: named, reason })).results;
}

/** Whether nobody knows what became of a change: the server, or something on the way to it, went silent before it had answered. */
export function isUnknown(error: unknown): boolean {
  return !(error instanceof ApiError) || error.code === 'OUTCOME_UNKNOWN' || [0, 502, 504].includes(error.status);
}
