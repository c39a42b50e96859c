import type { ApiError } from '../api/api';
import { Plain } from '../parts/plain';
import { Time } from '../parts/time';
import type { Query } from '../route';
import { listed } from './filters';
import { pieceOf } from './qualifiers';

interface ChipsProps {
  readonly address: Query;
  /** What the server says is wrong with one of them. */
  readonly error: Error | undefined;
  readonly onEdit: (field: string) => void;
  readonly onRemove: (...fields: readonly string[]) => void;
}

/** The filters that hold, each to be changed or removed. */
export function Chips({ address, error, onEdit, onRemove }: ChipsProps) {
  const filters = Object.entries(listed(address));
  const field = (error as ApiError | undefined)?.field;
  if (filters.length === 0) return null;
  return (
    <div class="chips">
      <ul aria-label="Filters">
        {filters.map(([name, value]) => (
          <Chip key={name} name={name} value={value} wrong={name === field} onEdit={onEdit} onRemove={onRemove} />
        ))}
      </ul>
      {filters.length > 1 && (
        <button
          type="button"
          class="plain"
          onClick={() => {
            focusSearch();
            onRemove(...filters.map(([name]) => name));
          }}
        >
          Clear all
        </button>
      )}
      {error && field && field in address && (
        <p class="wrong" role="alert" id="wrong-filter">
          {error.message}
        </p>
      )}
    </div>
  );
}

interface ChipProps extends Pick<ChipsProps, 'onEdit' | 'onRemove'> {
  readonly name: string;
  readonly value: string;
  readonly wrong: boolean;
}

function Chip({ name, value, wrong, onEdit, onRemove }: ChipProps) {
  const text = pieceOf(name, value);
  return (
    <li class={wrong ? 'chip wrong' : 'chip'} aria-describedby={wrong ? 'wrong-filter' : undefined}>
      <button type="button" class="plain" title="Change" onClick={() => onEdit(name)}>
        {isMoment(name, value) ? (
          <>
            {name}: <Time at={value} />
          </>
        ) : (
          <Plain text={text} />
        )}
      </button>
      <button
        type="button"
        class="plain"
        aria-label={`Remove ${text}`}
        onClick={({ currentTarget }) => {
          focusBeside(currentTarget);
          onRemove(name);
        }}
      >
        ✕
      </button>
    </li>
  );
}

function isMoment(name: string, value: string): boolean {
  return (name === 'from' || name === 'to') && !Number.isNaN(Date.parse(value));
}

/** What is removed cannot keep the focus: the next one has it, or the one before. */
function focusBeside(button: HTMLElement): void {
  const chip = button.closest('li');
  const next = (chip?.nextElementSibling ?? chip?.previousElementSibling)?.lastElementChild;
  if (next instanceof HTMLElement) next.focus();
  else focusSearch();
}

function focusSearch(): void {
  document.querySelector<HTMLElement>('.search input')?.focus();
}
