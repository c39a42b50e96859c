import type { Assignment, AssignmentItem } from '../api/answers';
import { Key } from '../parts/key';
import { hrefOf, type Query } from '../route';

/** What tells an assignment apart in lists. */
export const idOf = ({ subject, role, scope }: Assignment): string => JSON.stringify([subject, role, scope]);

/** Subject, role and scope; pointing at one narrows the list to it. */
export function KeyCells({ item, query }: { item: AssignmentItem; query: Query }) {
  const narrowed = (filter: Query): string => hrefOf('assignments', { ...query, ...filter });
  return (
    <>
      <td data-label="Subject">
        <Key of={item.subject} display={item.subjectDisplay} href={narrowed({ subject: item.subject })} />
      </td>
      <td data-label="Role">
        <Key of={item.role} display={item.roleDisplay} href={narrowed({ role: item.role })} />
      </td>
      <td data-label="Scope">
        <Key of={item.scope} display={item.scopeDisplay} href={narrowed({ scope: item.scope })} />
      </td>
    </>
  );
}

/** Where more is told of an assignment. */
export function Ways({ item: { subject, role, scope }, asOf }: { item: Assignment; asOf?: string }) {
  return (
    <>
      <a href={hrefOf('assignments', { mode: 'history', subject, role, scope })}>History</a>{' '}
      <a href={hrefOf('records', { subject, role, scope })}>Records</a>{' '}
      <a href={hrefOf('why', { subject, scope, asOf })}>Why?</a>
    </>
  );
}
