import { ApiError, get, post } from '../api/api';
import type { Assignment, AssignmentsPage, ChangeResults } from '../api/answers';
import type { Change } from './change';

export type Result = ChangeResults['results'][number];

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
