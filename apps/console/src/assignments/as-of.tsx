import type { AssignmentItem, AssignmentsPage } from '../api/answers';
import { type Pages, usePages } from '../api/pages';
import { Key } from '../parts/key';
import { Paged } from '../parts/paged';
import { Rows } from '../parts/rows';
import { Empty } from '../parts/states';
import { Time } from '../parts/time';
import { hrefOf, type Query, type ViewProps } from '../route';
import { askedFor } from './asked';
import { idOf, keyColumns, Ways } from './cells';
import { Asking } from './asking';
import { Spans } from './spans';

/** What was in force at a moment. */
export function AsOf({ query }: ViewProps) {
  const pages = usePages<AssignmentsPage>('role-assignments', query.asOf ? askedFor(query) : undefined);
  return (
    <Asking
      {...{ query, pages }}
      prompt={
        !query.asOf && (
          <Empty title="Which moment?">
            <Spans hrefOf={(asOf) => hrefOf('assignments', { ...query, asOf })} />
          </Empty>
        )
      }
    >
      <Then pages={pages} query={query} />
    </Asking>
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
      <Rows
        items={pages.items}
        keyOf={idOf}
        columns={[
          ...keyColumns(query),
          ['Granted', (item) => <Granted {...item} />],
          ['More', (item) => <Ways item={item} asOf={asOf} />],
        ]}
      />
    </Paged>
  );
}

function Granted({ grantedAt, grantedBy = null }: AssignmentItem) {
  return (
    <>
      {grantedAt && <Time at={grantedAt} />} by <Key of={grantedBy} />
    </>
  );
}
