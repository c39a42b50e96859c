import { useState } from 'preact/hooks';
import type { AssignmentItem } from '../api/answers';
import type { Query } from '../route';
import { idOf, KeyCells, Ways } from './cells';

export interface Selection {
  /** What is selected, of what is shown. */
  readonly items: readonly AssignmentItem[];
  readonly all: boolean;
  readonly has: (item: AssignmentItem) => boolean;
  readonly toggle: (item: AssignmentItem) => void;
  readonly toggleAll: () => void;
  readonly clear: () => void;
}

export function useSelection(shown: readonly AssignmentItem[]): Selection {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const has = (item: AssignmentItem): boolean => ids.has(idOf(item));
  const items = shown.filter(has);
  const all = items.length > 0 && items.length === shown.length;
  return {
    items,
    all,
    has,
    toggle: (item) => setIds(new Set(has(item) ? [...ids].filter((id) => id !== idOf(item)) : [...ids, idOf(item)])),
    toggleAll: () => setIds(new Set(all ? [] : shown.map(idOf))),
    clear: () => setIds(new Set()),
  };
}

interface NowTableProps {
  readonly items: readonly AssignmentItem[];
  readonly query: Query;
  /** For whoever may remove. */
  readonly selection?: Selection;
  readonly remove?: (items: readonly AssignmentItem[]) => void;
}

export function NowTable({ items, query, selection, remove }: NowTableProps) {
  return (
    <table class="rows">
      <thead>
        <tr>
          {selection && <th scope="col">Select</th>}
          <th scope="col">Subject</th>
          <th scope="col">Role</th>
          <th scope="col">Scope</th>
          <th scope="col">More</th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <NowRow key={idOf(item)} {...{ item, query, selection, remove }} />
        ))}
      </tbody>
    </table>
  );
}

function NowRow({ item, query, selection, remove }: Omit<NowTableProps, 'items'> & { item: AssignmentItem }) {
  const named = `${item.subject}, ${item.role}, ${item.scope}`;
  return (
    <tr>
      {selection && (
        <td data-label="Select">
          <span>
            <input
              type="checkbox"
              aria-label={`Select ${named}`}
              checked={selection.has(item)}
              onChange={() => selection.toggle(item)}
            />
          </span>
        </td>
      )}
      <KeyCells item={item} query={query} />
      <td data-label="More">
        <span class="ways">
          <Ways item={item} />
          {remove && (
            <button type="button" class="plain" aria-label={`Remove ${named}`} onClick={() => remove([item])}>
              Remove …
            </button>
          )}
        </span>
      </td>
    </tr>
  );
}
