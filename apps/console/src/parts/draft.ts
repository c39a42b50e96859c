import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api/api';
import { go, hrefOf, type Query, type View } from '../route';

/** What the server says is wrong with a field. */
export function wrongAt(name: string, error: Error | undefined): string | undefined {
  return error instanceof ApiError && error.field === name ? error.message : undefined;
}

/**
 * The address of a view while somebody writes it: sending the form makes it the address.
 * @param again asks once more, when nothing was changed
 */
export function useDraft(view: View, query: Query, error: Error | undefined, again: () => void) {
  const [draft, setDraft] = useState(query);
  useEffect(() => setDraft(query), [query]);
  return {
    onSubmit: (event: Event): void => {
      event.preventDefault();
      if (hrefOf(view, draft) === hrefOf(view, query)) again();
      else go(view, draft);
    },
    field: (name: string) => ({
      value: draft[name],
      onValue: (value: string) => setDraft({ ...draft, [name]: value.trim() && value }),
      error: wrongAt(name, error),
    }),
  };
}
