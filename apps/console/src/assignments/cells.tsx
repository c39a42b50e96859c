import type { ComponentChildren } from 'preact';
import type { Assignment, AssignmentItem } from '../api/answers';
import { Key } from '../parts/key';
import type { Column } from '../parts/rows';
import { hrefOf, type Query } from '../route';

/** What tells an assignment apart in lists. */
export const idOf = ({ subject, role, scope }: Assignment): string => JSON.stringify([subject, role, scope]);

/** Subject, role and scope; pointing at one narrows the list to it. */
export function keyColumns(query: Query): Column<AssignmentItem>[] {
  const narrowing = (filter: Query): string => hrefOf('assignments', { ...query, ...filter });
  return [
    [
      'Subject',
      ({ subject, subjectDisplay }) => <Key of={subject} display={subjectDisplay} href={narrowing({ subject })} />,
    ],
    ['Role', ({ role, roleDisplay }) => <Key of={role} display={roleDisplay} href={narrowing({ role })} />],
    ['Scope', ({ scope, scopeDisplay }) => <Key of={scope} display={scopeDisplay} href={narrowing({ scope })} />],
  ];
}

interface WaysProps {
  readonly item: Assignment;
  readonly asOf?: string;
  readonly children?: ComponentChildren;
}

/** Where more is told of an assignment. */
export function Ways({ item: { subject, role, scope }, asOf, children }: WaysProps) {
  return (
    <span class="ways">
      <a href={hrefOf('assignments', { mode: 'history', subject, role, scope })}>History</a>
      <a href={hrefOf('records', { subject, role, scope })}>Records</a>
      <a href={hrefOf('why', { subject, scope, asOf })}>Why?</a>
      {children}
    </span>
  );
}
