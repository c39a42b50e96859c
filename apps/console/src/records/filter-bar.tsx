import { useRef, useState } from 'preact/hooks';
import { useNamespaces } from '../api/known-keys';
import type { RecordItem } from '../api/answers';
import { go, type Query } from '../route';
import { Chips } from './chips';
import { separatorIn } from './completions';
import { listed, narrowed, without } from './filters';
import { Menus, Windows } from './menus';
import { pieceOf } from './qualifiers';
import { searched } from './search';
import { SearchBox } from './search-box';

interface FilterBarProps {
  readonly address: Query;
  readonly error: Error | undefined;
  /** Any one that is shown. */
  readonly record: RecordItem | undefined;
}

/** What is asked for, and every way to ask for something else. */
export function FilterBar({ address, error, record }: FilterBarProps) {
  const [text, setText] = useState('');
  const input = useRef<HTMLInputElement>(null);
  const namespaces = useNamespaces();
  const search = async (written: string): Promise<string | undefined> => {
    const found = await searched(address, written);
    if ('wrong' in found) return found.wrong;
    setText('');
    go('records', found.address);
    return undefined;
  };
  const edit = (field: string): void => {
    setText(pieceOf(field, listed(address)[field] ?? ''));
    input.current?.focus();
  };
  return (
    <section class="filter-bar" aria-label="Filters and search">
      <SearchBox
        text={text}
        onText={setText}
        onSearch={search}
        namespaces={namespaces}
        separator={separatorIn(record, namespaces)}
        input={input}
      />
      <div class="menus">
        <Windows address={address} />
        <Menus
          address={address}
          namespaces={namespaces}
          onFilter={(filter) => go('records', narrowed(address, filter))}
        />
      </div>
      <Chips
        address={address}
        error={error}
        onEdit={edit}
        onRemove={(...fields) => go('records', without(address, ...fields))}
      />
    </section>
  );
}
