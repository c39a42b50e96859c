import { useState } from 'preact/hooks';
import type { ApiError } from '../api/api';
import { CopyButton } from '../parts/copy-button';
import { Plain } from '../parts/plain';
import { Empty, Failed, Loading } from '../parts/states';
import { Time } from '../parts/time';
import { hrefOf, type Query, type ViewProps } from '../route';
import { Exports } from './exports';
import { FilterBar } from './filter-bar';
import { listed, without } from './filters';
import { Histogram } from './histogram';
import { type Listing, type ListingState, recordsOf, useListing } from './listing';
import { More } from './more';
import { type News, useNews } from './news';
import { pieceOf } from './qualifiers';
import { useQuestion } from './question';
import { RecordDrawer } from './record-drawer';
import { RecordTable } from './record-table';
import './records.css';

/** What happened, newest first. */
export function Records({ query }: ViewProps) {
  const question = useQuestion(query);
  const state = useListing(question);
  const { listing, error } = state;
  const news = useNews(question, listing);
  const [version, setVersion] = useState(0);
  const records = listing ? recordsOf(listing) : [];
  const show = (): void => {
    if (!news || news.beyond) question.again();
    else state.add(news.items, news.closedThrough);
    setVersion((last) => last + 1);
    // The button goes; who pressed it goes on in the list.
    document.querySelector<HTMLElement>('.records')?.focus();
  };
  return (
    <>
      <FilterBar address={query} error={error} record={records[0]} />
      {!error && <Histogram address={query} question={question} version={version} />}
      {listing && !error && (
        <div class="about">
          <Complete upTo={(news ?? listing).closedThrough} />
          <CopyButton text={location.href}>Copy link</CopyButton>
          {question.filter && <Exports filter={question.filter} />}
        </div>
      )}
      <Announced news={news} onShow={show} />
      <Listed query={query} state={state} again={question.again} />
      {query.record && <RecordDrawer id={query.record} address={query} records={records} />}
    </>
  );
}

function Complete({ upTo }: { upTo: string }) {
  return (
    <span class="complete quiet" title="What was recorded up to then is all there, and never changes">
      Complete up to <Time at={upTo} />
    </span>
  );
}

/** Told, and shown when somebody wants to see them: what is being read does not move by itself. */
function Announced({ news, onShow }: { news: News | undefined; onShow: () => void }) {
  const count = news?.items.length ?? 0;
  const records = count === 1 && !news?.beyond ? 'record' : 'records';
  return (
    <div role="status" class="news">
      {count > 0 && (
        <button type="button" onClick={onShow}>
          {count}
          {news?.beyond && ' or more'} new {records}: show {records === 'record' ? 'it' : 'them'}
        </button>
      )}
    </div>
  );
}

interface ListedProps {
  readonly query: Query;
  readonly state: ListingState;
  readonly again: () => void;
}

function Listed({ query, state, again }: ListedProps) {
  const { listing, error, loading } = state;
  if (error) return <Refused error={error} query={query} again={again} />;
  if (!listing) return <Loading what="records" />;
  if (isEmpty(listing) && !loading) return <Nothing query={query} />;
  return (
    <div class={loading ? 'asked-anew' : undefined} aria-busy={loading}>
      <RecordTable pages={listing.pages} address={query} />
      <More key={JSON.stringify(listed(query))} state={state} />
    </div>
  );
}

const isEmpty = ({ pages }: Listing): boolean => pages.every(({ length }) => length === 0);

/** What is wrong with a filter is told beside it. */
function Refused({ error, query, again }: { error: Error; query: Query; again: () => void }) {
  const { field } = error as ApiError;
  if (!field || !(field in listed(query))) return <Failed error={error} again={again} />;
  return (
    <Empty title="Nothing is shown">
      <p>
        Change the filter <b>{field}</b>, or <a href={hrefOf('records', without(query, field))}>drop it</a>.
      </p>
    </Empty>
  );
}

/** Says what to drop. */
function Nothing({ query }: { query: Query }) {
  const filters = Object.entries(listed(query));
  if (filters.length === 0) {
    return (
      <Empty title="No records yet">
        <p>When a role is assigned or removed, it is listed here.</p>
      </Empty>
    );
  }
  return (
    <Empty title={filters.length === 1 ? 'No record matches this filter' : 'No record matches all of these filters'}>
      <p>Drop {filters.length === 1 ? 'it' : 'one of them'}:</p>
      <ul class="drops">
        {filters.map(([field, value]) => (
          <li key={field}>
            <a href={hrefOf('records', without(query, field))}>
              without <Plain text={pieceOf(field, value)} />
            </a>
          </li>
        ))}
      </ul>
    </Empty>
  );
}
