import type { Difference, DifferencePage } from '../api/answers';
import { type Pages, usePages } from '../api/pages';
import { Deed } from '../parts/deed';
import { Paged } from '../parts/paged';
import { Rows } from '../parts/rows';
import { Empty } from '../parts/states';
import { Time } from '../parts/time';
import { hrefOf, type Query, type ViewProps } from '../route';
import { askedFor } from './asked';
import { idOf, keyColumns, Ways } from './cells';
import { Asking } from './asking';
import { Spans } from './spans';

/** What somebody has at the one moment and not at the other. */
export function Differences({ query }: ViewProps) {
  const pages = usePages<DifferencePage>('role-assignments/difference', query.from ? askedFor(query) : undefined);
  return (
    <Asking
      {...{ query, pages }}
      prompt={
        !query.from && (
          <Empty title="Since when?">
            <Spans hrefOf={(from) => hrefOf('assignments', { ...query, from, to: undefined })} />
          </Empty>
        )
      }
    >
      <Between pages={pages} query={query} />
    </Asking>
  );
}

function Between({ pages, query }: { pages: Pages<DifferencePage>; query: Query }) {
  const { first, items, more } = pages;
  const moments = first && (
    <p class="quiet">
      Between <Time at={first.from} /> and <Time at={first.to} />. What was granted and taken away again in between, or
      the other way round, is no difference.
    </p>
  );
  const of = (change: Difference['change']) => items.filter((item) => item.change === change);
  return (
    <Paged pages={pages} what="differences" empty={<Empty title="No difference">{moments}</Empty>}>
      {moments}
      <Changed title="Granted" items={of('created')} partly={Boolean(more)} query={query} />
      <Changed title="Ended" items={of('deleted')} partly={Boolean(more)} query={query} />
    </Paged>
  );
}

interface ChangedProps {
  readonly title: 'Granted' | 'Ended';
  readonly items: readonly Difference[];
  /** Whether there may be more of them. */
  readonly partly: boolean;
  readonly query: Query;
}

function Changed({ title, items, partly, query }: ChangedProps) {
  return (
    <section>
      <h2>
        {title} <span class="quiet">{`${items.length}${partly ? ' so far' : ''}`}</span>
      </h2>
      {items.length > 0 && (
        <Rows
          items={items}
          keyOf={idOf}
          columns={[
            ...keyColumns(query),
            [title, ({ record }) => <Deed verb="" record={record} />],
            ['More', (item) => <Ways item={item} />],
          ]}
        />
      )}
    </section>
  );
}
