import type { AssignmentsPage } from '../api/answers';
import { type Pages, usePages } from '../api/pages';
import { Key } from '../parts/key';
import { Paged } from '../parts/paged';
import { Empty } from '../parts/states';
import { Time } from '../parts/time';
import { hrefOf, type Query, type ViewProps } from '../route';
import { askedFor } from './asked';
import { idOf, KeyCells, Ways } from './cells';
import { FilterForm, isInForm } from './filter-form';
import { Spans } from './spans';

/** What was in force at a moment. */
export function AsOf({ query }: ViewProps) {
  const pages = usePages<AssignmentsPage>('role-assignments', query.asOf ? askedFor(query) : undefined);
  return (
    <>
      <FilterForm query={query} error={pages.error} again={pages.again} />
      {!query.asOf && (
        <Empty title="Which moment?">
          <Spans hrefOf={(asOf) => hrefOf('assignments', { ...query, asOf })} />
        </Empty>
      )}
      {query.asOf && !isInForm(pages.error, query) && <Then pages={pages} query={query} />}
    </>
  );
}

function Then({ pages, query }: { pages: Pages<AssignmentsPage>; query: Query }) {
  const { asOf } = query;
  return (
    <Paged
      pages={pages}
      what="assignments"
      empty={
        <Empty title="Nothing was in force">
          <p>At that moment, and with these filters, nobody had a role that you may see.</p>
        </Empty>
      }
    >
      {pages.first?.asOf && (
        <p class="quiet">
          In force as of <Time at={pages.first.asOf} />, as the log tells
        </p>
      )}
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">Subject</th>
            <th scope="col">Role</th>
            <th scope="col">Scope</th>
            <th scope="col">Granted</th>
            <th scope="col">More</th>
          </tr>
        </thead>
        <tbody>
          {pages.items.map((item) => (
            <tr key={idOf(item)}>
              <KeyCells item={item} query={query} />
              <td data-label="Granted">
                <span>
                  {item.grantedAt && <Time at={item.grantedAt} />} by <Key of={item.grantedBy ?? null} />
                </span>
              </td>
              <td data-label="More">
                <span class="ways">
                  <Ways item={item} asOf={asOf} />
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Paged>
  );
}
