import { useState } from 'preact/hooks';
import { get } from '../api/api';
import type { RecordItem, RecordsPage } from '../api/answers';
import { useLoaded } from '../api/loaded';
import type { Question } from './question';

const perPage = '50';

/** What is shown of the log: some pages in a row, the newest first. */
export interface Listing {
  readonly pages: readonly (readonly RecordItem[])[];
  readonly nextCursor: string | null;
  readonly closedThrough: string;
}

export interface ListingState {
  readonly listing: Listing | undefined;
  readonly error: Error | undefined;
  readonly loading: boolean;
  /** Adds the next page below. @returns its records */
  readonly more: () => Promise<readonly RecordItem[]>;
  /** Adds newer records above; they must follow on what is there without a gap. */
  readonly add: (newer: readonly RecordItem[], closedThrough: string) => void;
}

export function pageOf(question: Question, cursor?: string | null, signal?: AbortSignal): Promise<RecordsPage> {
  return get('audit-records', { ...question.filter, cursor: cursor ?? undefined, limit: perPage }, signal);
}

/** The answer to a question, as far as it was asked for; what answered the one before stays until the first page is there. */
export function useListing(question: Question): ListingState {
  const first = useLoaded(question.filter && question.key, (signal) => pageOf(question, undefined, signal));
  const [grown, setGrown] = useState<{ readonly from: RecordsPage; readonly listing: Listing }>();
  const from = first.value;
  const listing = from && (grown?.from === from ? grown.listing : startOf(from));
  const grow = (added: (listing: Listing) => Listing): void => {
    if (from) setGrown((now) => ({ from, listing: added(now?.from === from ? now.listing : startOf(from)) }));
  };
  return {
    listing,
    error: question.error ?? first.error,
    loading: first.loading,
    more: async () => {
      const page = await pageOf(question, listing?.nextCursor);
      grow((now) => ({ ...now, pages: [...now.pages, page.items], nextCursor: page.nextCursor }));
      return page.items;
    },
    add: (newer, closedThrough) => grow((now) => ({ ...now, pages: [newer, ...now.pages], closedThrough })),
  };
}

function startOf({ items, nextCursor, closedThrough }: RecordsPage): Listing {
  return { pages: [items], nextCursor, closedThrough };
}

export function recordsOf({ pages }: Listing): readonly RecordItem[] {
  return pages.flat();
}
