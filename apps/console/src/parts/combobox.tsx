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
  const { choices, onInput, onChoose } = props;
  const list = useId();
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const shown = open && choices.length > 0;
  const active = shown ? choices[at] : undefined;
  const take = (choice: C): void => {
    setAt(-1);
    onChoose(choice);
  };
  const tell = ({ currentTarget }: { currentTarget: HTMLInputElement }): void =>
    onInput(currentTarget.value, currentTarget.selectionStart ?? currentTarget.value.length);
  const keys: Readonly<Record<string, () => boolean>> = {
    ArrowDown: () => {
      setOpen(true);
      setAt(shown ? (at + 1) % choices.length : -1);
      return true;
    },
    ArrowUp: () => {
      setAt(at <= 0 ? choices.length - 1 : at - 1);
      return shown;
    },
    Enter: () => {
      setOpen(Boolean(active));
      if (active) take(active);
      return Boolean(active);
    },
    Escape: () => {
      setOpen(false);
      setAt(-1);
      return shown;
    },
  };
  return (
    <div class="combobox">
      <input
        ref={props.input}
        type="text"
        role="combobox"
        aria-label={props.label}
        aria-autocomplete="list"
        aria-expanded={shown}
        aria-controls={list}
        aria-activedescendant={active && `${list}-${at}`}
        aria-describedby={props.describedBy}
        aria-invalid={props.invalid || undefined}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        dir="auto"
        placeholder={props.placeholder}
        value={props.value}
        onInput={(event) => {
          setOpen(true);
          setAt(-1);
          tell(event);
        }}
        onClick={(event) => {
          setOpen(true);
          tell(event);
        }}
        onKeyUp={(event) => /^(Arrow(Left|Right)|Home|End)$/.test(event.key) && tell(event)}
        onKeyDown={(event) => !event.isComposing && keys[event.key]?.() && event.preventDefault()}
        onBlur={() => setOpen(false)}
      />
      <Choices id={list} label={props.label} choices={shown ? choices : []} at={at} onTake={take} />
    </div>
  );
}

interface ChoicesProps<C> {
  readonly id: string;
  readonly label: string;
  readonly choices: readonly C[];
  readonly at: number;
  readonly onTake: (choice: C) => void;
}

function Choices<C extends Choice>({ id, label, choices, at, onTake }: ChoicesProps<C>) {
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
            onClick={() => onTake(choice)}
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
