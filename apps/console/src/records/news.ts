import { useEffect, useState } from 'preact/hooks';
import type { RecordItem, RecordsPage } from '../api/answers';
import { repeatWhileSeen } from '../api/while-seen';
import { type Listing, pageOf } from './listing';
import type { Question } from './question';

const interval = 10_000;

/** What was recorded since the list was read. */
export interface News {
  readonly items: readonly RecordItem[];
  /** Whether there are more than `items`, so that they do not reach to the list. */
  readonly beyond: boolean;
  readonly closedThrough: string;
}

/**
 * Looks every ten seconds while the page is seen, by the very question of the list: a server that records who reads what hears nothing
 * new. After an error it waits longer each time.
 */
export function useNews(question: Question, listing: Listing | undefined): News | undefined {
  const [news, setNews] = useState<News & { readonly since: string }>();
  const since = listing && question.open ? `${question.key} ${newestOf(listing)}` : undefined;
  useEffect(() => {
    if (since === undefined || !listing) return undefined;
    const abort = new AbortController();
    const look = async (): Promise<void> => {
      const page = await pageOf(question, undefined, abort.signal);
      if (!abort.signal.aborted) setNews({ ...newsIn(page, newestOf(listing)), since });
    };
    repeatWhileSeen(look, interval, abort.signal);
    return () => abort.abort();
  }, [since]);
  return news && news.since === since ? news : undefined;
}

function newestOf({ pages }: Listing): string {
  return pages.find(([record]) => record)?.[0]?.seq ?? '0';
}

function newsIn({ items, nextCursor, closedThrough }: RecordsPage, newest: string): News {
  const newer = items.filter(({ seq }) => BigInt(seq) > BigInt(newest));
  return { items: newer, beyond: nextCursor !== null && newer.length === items.length, closedThrough };
}
