import type { Assignment } from '../api/answers';
import type { Query } from '../route';

/** A change as somebody means it. */
export interface Change {
  readonly verb: 'assign' | 'remove';
  readonly assignments: readonly Assignment[];
  readonly reason: string;
}

/** The columns of an assignment; the scope is empty in a model without. */
export const columns = ['subject', 'role', 'scope'] as const;
export const labels = { subject: 'Subject', role: 'Role', scope: 'Scope' } as const;

/** What to assign, begun with what the address names. */
export function startOf({ subject = '', role = '', scope = '' }: Query): Change {
  return { verb: 'assign', assignments: [{ subject, role, scope }], reason: '' };
}

const draft = 'grantlog.draft';

/** Keeps a change in this tab while somebody signs in again. */
export function keep(change: Change): void {
  sessionStorage.setItem(draft, JSON.stringify(change));
}

/** The change that was kept, once. */
export function taken(): Change | undefined {
  const kept = sessionStorage.getItem(draft);
  sessionStorage.removeItem(draft);
  return kept ? (JSON.parse(kept) as Change) : undefined;
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
