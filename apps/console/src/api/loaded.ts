import { useCallback, useEffect, useState } from 'preact/hooks';

/** Something that is asked of the server: not there yet, there, or not to be had. What was there stays while it is asked anew. */
export interface Loaded<T> {
  readonly value: T | undefined;
  readonly error: Error | undefined;
  readonly loading: boolean;
  /** Asks again. */
  readonly again: () => void;
}

type State<T> = Omit<Loaded<T>, 'again'>;

/**
 * Asks when it is first shown and whenever `key` changes; an answer that comes too late for its key is dropped.
 * @param key says what is asked for; `undefined` asks for nothing
 */
export function useLoaded<T>(key: string | undefined, ask: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [state, setState] = useState<State<T>>({ value: undefined, error: undefined, loading: key !== undefined });
  const [round, setRound] = useState(0);
  const again = useCallback(() => setRound((last) => last + 1), []);
  useEffect(() => {
    if (key === undefined) {
      setState({ value: undefined, error: undefined, loading: false });
      return undefined;
    }
    const abort = new AbortController();
    setState(({ value }) => ({ value, error: undefined, loading: true }));
    ask(abort.signal).then(
      (value) => !abort.signal.aborted && setState({ value, error: undefined, loading: false }),
      (error: unknown) =>
        !abort.signal.aborted && setState({ value: undefined, error: asError(error), loading: false }),
    );
    return () => abort.abort();
    // `ask` is made anew on each drawing; `key` says when it asks for something else.
  }, [key, round]);
  return { ...state, again };
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
