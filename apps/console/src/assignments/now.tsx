import { useEffect, useRef, useState } from 'preact/hooks';
import { useManages } from '../api/manages';
import type { AssignmentItem, AssignmentsPage } from '../api/answers';
import { usePages } from '../api/pages';
import { Paged } from '../parts/paged';
import { Empty } from '../parts/states';
import { amend, hrefOf, type Query, type ViewProps } from '../route';
import { askedFor } from './asked';
import { ChangeDialog } from './change-dialog';
import { startOf, taken } from './change';
import { Asking } from './asking';
import { NowTable, useSelection } from './now-table';

/** What is in force; whoever may, assigns and removes here. */
export function Now({ query }: ViewProps) {
  const pages = usePages<AssignmentsPage>('role-assignments', askedFor(query));
  const manages = useManages();
  const selection = useSelection(pages.items);
  const { change, remove, close, counted } = useChange(query, () => {
    selection.clear();
    pages.again();
  });
  return (
    <>
      <Asking {...{ query, pages }}>
        {manages && (
          <p class="ways">
            <a class="button" href={hrefOf('assignments', { ...query, change: 'assign' })}>
              Assign …
            </a>
            {pages.items.length > 0 && (
              <label>
                <input type="checkbox" checked={selection.all} onChange={selection.toggleAll} /> Select all shown
              </label>
            )}
            {selection.items.length > 0 && (
              <button type="button" onClick={() => remove(selection.items)}>
                Remove {selection.items.length} selected …
              </button>
            )}
          </p>
        )}
        <Paged
          pages={pages}
          what="assignments"
          counted={counted}
          empty={
            <Empty title="No assignments">
              <p>Nobody has a role like this now, as far as you may see. The history tells of those that have ended.</p>
            </Empty>
          }
        >
          <NowTable items={pages.items} query={query} {...(manages && { selection, remove })} />
        </Paged>
      </Asking>
      {manages && change && <ChangeDialog start={change} onClose={close} />}
    </>
  );
}

/** The change that is being made: to assign as the address says it, so that a link leads to it; to remove what was chosen in the list; or what was begun before signing in again. */
function useChange(query: Query, changed: () => void) {
  const [begun, setBegun] = useState(taken);
  const [rounds, setRounds] = useState(0);
  const counted = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (rounds > 0) counted.current?.focus(); // the row whose button had the focus may be gone
  }, [rounds]);
  const close = (done: boolean): void => {
    taken(); // it is over, or given up
    setBegun(undefined);
    if (query.change) amend('assignments', { ...query, change: undefined });
    if (!done) return;
    setRounds(rounds + 1);
    changed();
  };
  const assigning = query.change === 'assign' ? startOf(query) : undefined;
  const remove = (assignments: readonly AssignmentItem[]): void =>
    setBegun({ verb: 'remove', assignments, reason: '' });
  return { change: begun ?? assigning, remove, close, counted };
}
