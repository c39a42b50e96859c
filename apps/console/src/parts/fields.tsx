import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { type KeyColumn, useSuggestions } from '../api/known-keys';
import { fieldOf, momentOf } from './wall-time';
import { offsetOf, useZone } from './zone';

export interface FieldProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly onValue: (value: string) => void;
  /** What the server says is wrong with it. */
  readonly error?: string;
  readonly required?: boolean;
  readonly placeholder?: string;
}

interface Wiring {
  readonly id: string;
  readonly required?: boolean;
  readonly 'aria-invalid'?: true;
  readonly 'aria-describedby'?: string;
}

/** A label, a field, and what is wrong with it. */
export function Field(
  props: Omit<FieldProps, 'value' | 'onValue'> & { children: (wiring: Wiring) => ComponentChildren },
) {
  const { label, error, required, children } = props;
  const id = useId();
  const wrong = error ? ({ 'aria-invalid': true, 'aria-describedby': `${id}-wrong` } as const) : {};
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, required, ...wrong })}
      {error && (
        <span id={`${id}-wrong`} class="wrong" role="alert">
          {error}
        </span>
      )}
    </div>
  );
}

type KeyFieldProps = FieldProps & {
  /** Of what the log knows is suggested; nothing, if it is left out. */
  readonly of?: KeyColumn;
};

/** A namespaced key. */
export function KeyField({ of, value = '', onValue, placeholder, ...props }: KeyFieldProps) {
  const list = useId();
  const [typed, setTyped] = useState<string>();
  const suggestions = useSuggestions(of && typed, of);
  const put = (input: string): void => {
    onValue(input);
    setTyped(input);
  };
  return (
    <Field {...props}>
      {(wiring) => (
        <>
          <input
            {...wiring}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            dir="auto"
            placeholder={placeholder}
            list={list}
            value={value}
            onInput={({ currentTarget }) => put(currentTarget.value)}
          />
          <datalist id={list}>
            {suggestions.map(({ key }) => (
              <option key={key} value={key} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

/**
 * A moment, to the second, in the chosen zone; ISO 8601 in UTC outside of the field. What is typed stands as it is: the first digits of a year are
 * a year, too.
 */
export function MomentField({ label, value = '', onValue, placeholder: _, ...props }: FieldProps) {
  const { name } = useZone();
  const [typed, setTyped] = useState('');
  const shown = fieldOf(value, name);
  const put = (input: string): void => {
    setTyped(input);
    onValue(momentOf(input, name, value));
  };
  return (
    <Field {...props} label={`${label} (${offsetOf(shown ? new Date(value) : new Date(), name)})`}>
      {(wiring) => (
        <input
          {...wiring}
          type="datetime-local"
          step="1"
          max="9999-12-31T23:59:59"
          value={momentOf(typed, name) === value ? typed : shown}
          onInput={({ currentTarget }) => put(currentTarget.value)}
        />
      )}
    </Field>
  );
}
