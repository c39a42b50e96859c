import { useState } from 'preact/hooks';
import type { AssignmentItem } from '../api/answers';
import { Rows } from '../parts/rows';
import type { Query } from '../route';
import { idOf, keyColumns, Ways } from './cells';

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
    <Rows
      items={items}
      keyOf={idOf}
      columns={[
        selection && ['Select', (item) => <Select item={item} selection={selection} />],
        ...keyColumns(query),
        [
          'More',
          (item) => (
            <Ways item={item}>
              {remove && (
                <button
                  type="button"
                  class="plain"
                  aria-label={`Remove ${nameOf(item)}`}
                  onClick={() => remove([item])}
                >
                  Remove …
                </button>
              )}
            </Ways>
          ),
        ],
      ]}
    />
  );
}

function Select({ item, selection }: { item: AssignmentItem; selection: Selection }) {
  return (
    <input
      type="checkbox"
      aria-label={`Select ${nameOf(item)}`}
      checked={selection.has(item)}
      onChange={() => selection.toggle(item)}
    />
  );
}

const nameOf = ({ subject, role, scope }: AssignmentItem): string => `${subject}, ${role}, ${scope}`;
