import type { HistoryPage, Interval } from '../api/answers';
import { type Pages, usePages } from '../api/pages';
import { Deed } from '../parts/deed';
import { Paged } from '../parts/paged';
import { Rows } from '../parts/rows';
import { Empty } from '../parts/states';
import { Time } from '../parts/time';
import type { Query, ViewProps } from '../route';
import { askedFor } from './asked';
import { keyColumns } from './cells';
import { Asking } from './asking';

/** From when until when roles were held. */
export function History({ query }: ViewProps) {
  const named = query.subject || query.role || query.scope;
  const pages = usePages<HistoryPage>('role-assignments/history', named ? askedFor(query) : undefined);
  return (
    <Asking
      {...{ query, pages }}
      prompt={
        !named && (
          <Empty title="Whose history?">
            <p>Name a subject, a role or a scope above.</p>
          </Empty>
        )
      }
    >
      <Intervals pages={pages} query={query} />
    </Asking>
  );
}

function Intervals({ pages, query }: { pages: Pages<HistoryPage>; query: Query }) {
  return (
    <Paged
      pages={pages}
      what="periods"
      empty={
        <Empty title="No history">
          <p>The log knows of no assignment like this that you may see.</p>
        </Empty>
      }
    >
      <Rows
        items={pages.items}
        keyOf={({ granted, ended }) => `${granted?.seq} ${ended?.seq}`}
        columns={[
          ...keyColumns(query),
          [
            'From',
            ({ granted }) => (granted ? <Deed verb="Granted" record={granted} /> : 'Its creation is not recorded'),
          ],
          ['Until', (item) => <End of={item} />],
        ]}
      />
      {pages.first && (
        <p class="quiet">
          Complete up to <Time at={pages.first.closedThrough} />
        </p>
      )}
    </Paged>
  );
}

/** A record that creates what the log has in force tells that it had been taken away meanwhile, and nobody recorded by whom. */
function End({ of: { ended } }: { of: Interval }) {
  if (!ended) return <span class="mark good">in force</span>;
  if (ended.operation !== 'created') return <Deed verb="Taken away" record={ended} />;
  return (
    <>
      <span class="mark warn">taken away past Grantlog</span> at a moment that is not recorded.{' '}
      <Deed verb="Granted again" record={ended} />
    </>
  );
}
