import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api/api';
import { type KeyColumn, useNamespaces } from '../api/known-keys';
import { Field, KeyField, MomentField } from '../parts/fields';
import { go, hrefOf, type Query } from '../route';
import { filters, modeOf, moments } from './asked';

interface FilterFormProps {
  readonly query: Query;
  /** Of what was asked for last; shown at its field. */
  readonly error: Error | undefined;
  /** Asks once more. */
  readonly again: () => void;
}

const keys: Readonly<Record<string, readonly [string, KeyColumn]>> = {
  subject: ['Subject', 'subject'],
  role: ['Role', 'role'],
  scope: ['Scope', 'scope'],
};

const momentLabels = { asOf: 'As of', from: 'From', to: 'To, or now' } as const;

/** Whether the form shows an error, so that nobody else need. */
export function isInForm(error: Error | undefined, query: Query): boolean {
  const names: readonly string[] = [...filters, ...moments[modeOf(query)]];
  return error instanceof ApiError && names.includes(error.field ?? '');
}

export function FilterForm({ query, error, again }: FilterFormProps) {
  const [draft, setDraft] = useState(query);
  useEffect(() => setDraft(query), [query]);
  const mode = modeOf(query);
  const show = (event: Event): void => {
    event.preventDefault();
    if (hrefOf('assignments', draft) === hrefOf('assignments', query)) again();
    else go('assignments', draft);
  };
  const wiring = (name: string, value = draft[name]) => ({
    value,
    onValue: (changed: string) => setDraft({ ...draft, [name]: changed.trim() && changed }),
    error: error instanceof ApiError && error.field === name ? error.message : undefined,
  });
  const narrowed = filters.some((name) => query[name]);
  return (
    <form class="fields" onSubmit={show}>
      {moments[mode].map((name) => (
        <MomentField key={name} label={momentLabels[name]} required={name !== 'to'} {...wiring(name)} />
      ))}
      {Object.entries(keys).map(([name, [label, of]]) => (
        <KeyField key={name} label={label} of={of} {...wiring(name)} />
      ))}
      <ScopeType {...wiring('scopeNamespace')} />
      <button type="submit" class="primary">
        Show
      </button>
      {narrowed && (
        <a class="button" href={hrefOf('assignments', { ...query, ...none })}>
          Clear filters
        </a>
      )}
    </form>
  );
}

const none = Object.fromEntries(filters.map((name) => [name, undefined]));

interface ScopeTypeProps {
  readonly value: string | undefined;
  readonly onValue: (value: string) => void;
  readonly error: string | undefined;
}

function ScopeType({ value = '', onValue, error }: ScopeTypeProps) {
  const { scope } = useNamespaces();
  const offered = value && !scope.includes(value) ? [value, ...scope] : scope;
  return (
    <Field label="Scope type" error={error}>
      {(wiring) => (
        <select {...wiring} value={value} onChange={({ currentTarget }) => onValue(currentTarget.value)}>
          <option value="">any</option>
          {offered.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      )}
    </Field>
  );
}
