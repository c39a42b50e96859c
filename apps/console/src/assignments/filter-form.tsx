import { useNamespaces } from '../api/known-keys';
import { useDraft } from '../parts/draft';
import { Field, KeyField, MomentField } from '../parts/fields';
import { hrefOf, type Query } from '../route';
import { filters, modeOf, moments } from './asked';
import { columns, labels } from './change';

interface FilterFormProps {
  readonly query: Query;
  /** Of what was asked for last; shown at its field. */
  readonly error: Error | undefined;
  /** Asks once more. */
  readonly again: () => void;
}

const momentLabels = { asOf: 'As of', from: 'From', to: 'To, or now' } as const;
const none = Object.fromEntries(filters.map((name) => [name, undefined]));

export function FilterForm({ query, error, again }: FilterFormProps) {
  const { field, onSubmit } = useDraft('assignments', query, error, again);
  return (
    <form class="fields" onSubmit={onSubmit}>
      {moments[modeOf(query)].map((name) => (
        <MomentField key={name} label={momentLabels[name]} required={name !== 'to'} {...field(name)} />
      ))}
      {columns.map((name) => (
        <KeyField key={name} label={labels[name]} of={name} {...field(name)} />
      ))}
      <ScopeType {...field('scopeNamespace')} />
      <button type="submit" class="primary">
        Show
      </button>
      {filters.some((name) => query[name]) && (
        <a class="button" href={hrefOf('assignments', { ...query, ...none })}>
          Clear filters
        </a>
      )}
    </form>
  );
}

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
