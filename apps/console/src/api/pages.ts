import { useState } from 'preact/hooks';
import type { Query } from '../route';
import { get } from './api';
import type { Page } from './answers';
import { asError, useLoaded } from './loaded';

/** A list that is loaded page by page. */
export interface Pages<P extends Page<unknown>> {
  /** The first page, and what else it tells. */
  readonly first: P | undefined;
  /** What all pages loaded so far hold. */
  readonly items: P['items'];
  readonly error: Error | undefined;
  readonly loading: boolean;
  /** Loads the next page; `undefined` after the last one. */
  readonly more: (() => void) | undefined;
  /** Loads the first page anew. */
  readonly again: () => void;
}

interface Further<P> {
  /** The page that these follow: of another one they are no part. */
  readonly first: P;
  readonly pages: readonly P[];
  readonly error?: Error;
  readonly loading?: boolean;
}

/** @param query `undefined` asks for nothing */
export function usePages<P extends Page<unknown>>(path: string, query: Query | undefined): Pages<P> {
  const key = query && path + JSON.stringify(query);
  const { value: first, error, loading, again } = useLoaded(key, (signal) => get<P>(path, query, signal));
  const [state, setState] = useState<Further<P>>();
  const further = first && (state?.first === first ? state : { first, pages: [] });
  const shown = further ? [further.first, ...further.pages] : [];
  const cursor = shown.at(-1)?.nextCursor;
  const more = async (): Promise<void> => {
    if (!further || !cursor || loading || further.loading) return;
    const settle = (told: Partial<Further<P>>): void =>
      setState((now) => (now?.first === first ? { ...further, ...told } : now));
    setState({ ...further, loading: true, error: undefined });
    await get<P>(path, { ...query, cursor }).then(
      (page) => settle({ pages: [...further.pages, page], loading: false }),
      (reason: unknown) => settle({ error: asError(reason), loading: false }),
    );
  };
  return {
    first,
    items: shown.flatMap(({ items }) => items),
    error: error ?? further?.error,
    loading: loading || Boolean(further?.loading),
    more: cursor ? () => void more() : undefined,
    again,
  };
}
