import { useRef } from 'preact/hooks';
import type { KeyColumn, Namespaces, Suggestion, Suggestions } from './answers';
import { get } from './api';
import { useLoaded } from './loaded';

export type { KeyColumn, Namespaces, Suggestion };

/** The namespaces in use, as far as the viewer may see; none if the server cannot tell. */
export function useNamespaces(): Namespaces {
  const { value } = useLoaded('', (signal) => get<Namespaces>('audit-records/namespaces', {}, signal));
  return value ?? { subject: [], role: [], scope: [], actor: [] };
}

/** Milliseconds without another letter, after which the server is asked. */
const pause = 150;

/**
 * Keys of the log that begin with a word, in a namespace or before it; those of the word before until the server has answered. Typing on is the
 * answer to a server that cannot tell.
 * @param word `undefined` asks for nothing
 */
export function useSuggestions(word: string | undefined, field?: KeyColumn): readonly Suggestion[] {
  const last = useRef<readonly Suggestion[]>([]);
  const { value, error } = useLoaded(word ? `${field} ${word}` : undefined, async (signal) => {
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (signal.aborted) return { items: [] };
    return get<Suggestions>('audit-records/suggestions', { word, field }, signal);
  });
  if (value || error || !word) last.current = value?.items ?? [];
  return last.current;
}
