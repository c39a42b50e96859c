import { useEffect, useState } from 'preact/hooks';
import { get } from '../api/api';
import { asError } from '../api/loaded';
import { repeatWhileSeen } from '../api/while-seen';

export interface Watched<T> {
  /** What was read last; it stays when reading fails. */
  readonly value?: T;
  readonly readAt?: string;
  readonly error?: Error;
}

/** Reads at once, and after each `interval` (milliseconds) while the page is seen; without one only when `look` is called. */
export function useWatched<T>(path: string, interval: number | undefined): Watched<T> & { readonly look: () => void } {
  const [watched, setWatched] = useState<Watched<T>>({});
  const [round, setRound] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    const read = (): Promise<void> =>
      get<T>(path, {}, signal).then(
        (value) => setWatched({ value, readAt: new Date().toISOString() }),
        (error: unknown) => {
          if (!signal.aborted) setWatched((last) => ({ ...last, error: asError(error) }));
          throw error; // so that it is not asked for as often
        },
      );
    read().catch(() => undefined); // it is shown
    if (interval) repeatWhileSeen(read, interval, signal);
    return () => abort.abort();
  }, [path, interval, round]);
  return { ...watched, look: () => setRound((last) => last + 1) };
}
