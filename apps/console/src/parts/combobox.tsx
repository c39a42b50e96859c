import type { ComponentChildren, Ref } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';

export interface Choice {
  readonly id: string;
  readonly shown: ComponentChildren;
}

interface ComboboxProps<C extends Choice> {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly C[];
  /** The text, and where in it somebody writes. */
  readonly onInput: (value: string, place: number) => void;
  readonly onChoose: (choice: C) => void;
  readonly input: Ref<HTMLInputElement>;
  readonly placeholder?: string;
  /** The id of what is told about the text; `invalid` if it is a mistake. */
  readonly describedBy?: string;
  readonly invalid?: boolean;
}

/**
 * A field with a list of what could be written, as WAI-ARIA has it (combobox with list autocomplete): the focus stays in the field, arrows go
 * through the list, Enter takes what they are at, Escape closes the list, and a pointer may take, too. Enter without any is the form's.
 */
export function Combobox<C extends Choice>(props: ComboboxProps<C>) {
  const { label, choices, onInput, onChoose } = props;
  const list = useId();
  const { shown, at, press, show, hide } = useChoices(choices, onChoose);
  const told = ({ currentTarget }: { currentTarget: HTMLInputElement }): void =>
    onInput(currentTarget.value, currentTarget.selectionStart ?? currentTarget.value.length);
  const written = (event: { currentTarget: HTMLInputElement }): void => {
    show();
    told(event);
  };
  return (
    <div class="combobox">
      <input
        ref={props.input}
        role="combobox"
        aria-label={label}
        aria-autocomplete="list"
        aria-expanded={shown}
        aria-controls={list}
        aria-activedescendant={shown && at >= 0 ? `${list}-${at}` : undefined}
        aria-describedby={props.describedBy}
        aria-invalid={props.invalid || undefined}
        {...{ autocomplete: 'off', autocapitalize: 'off', spellcheck: false, dir: 'auto' }}
        placeholder={props.placeholder}
        value={props.value}
        onInput={written}
        onClick={written}
        onKeyUp={(event) => /^(Arrow(Left|Right)|Home|End)$/.test(event.key) && told(event)}
        onKeyDown={(event) => !event.isComposing && press(event.key) && event.preventDefault()}
        onBlur={hide}
      />
      <Choices id={list} label={label} choices={shown ? choices : []} at={at} onChoose={onChoose} />
    </div>
  );
}

/** Whether the list is shown, and which one of it the keys are at (-1: none). */
function useChoices<C extends Choice>(choices: readonly C[], onChoose: (choice: C) => void) {
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const shown = open && choices.length > 0;
  const turn = (to: boolean, place = -1): void => {
    setOpen(to);
    setAt(place);
  };
  const press = (key: string): boolean => {
    const { length } = choices;
    const active = shown ? choices[at] : undefined;
    if (key === 'ArrowDown') turn(true, shown ? (at + 1) % length : 0);
    else if (key === 'ArrowUp' && shown) turn(true, at > 0 ? at - 1 : length - 1);
    else if (key === 'Escape' && shown) turn(false);
    else if (key !== 'Enter') return false;
    else if (active) {
      setAt(-1);
      onChoose(active);
    } else turn(false);
    return key !== 'Enter' || active !== undefined;
  };
  return { shown, at, press, show: () => turn(true), hide: () => turn(false) };
}

interface ChoicesProps<C> {
  readonly id: string;
  readonly label: string;
  readonly choices: readonly C[];
  readonly at: number;
  readonly onChoose: (choice: C) => void;
}

function Choices<C extends Choice>({ id, label, choices, at, onChoose }: ChoicesProps<C>) {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => list.current?.children[at]?.scrollIntoView({ block: 'nearest' }), [at]);
  return (
    <>
      <ul id={id} ref={list} role="listbox" aria-label={label} hidden={choices.length === 0}>
        {choices.map((choice, index) => (
          <li
            key={choice.id}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === at}
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => onChoose(choice)}
          >
            {choice.shown}
          </li>
        ))}
      </ul>
      <span role="status" class="unseen">
        {choices.length > 0 && `${choices.length} suggestions`}
      </span>
    </>
  );
}
