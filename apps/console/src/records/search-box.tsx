import type { Ref } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';
import { type Namespaces, useSuggestions } from '../api/known-keys';
import { Combobox } from '../parts/combobox';
import { Plain } from '../parts/plain';
import { type Completion, completionsOf, soughtBy, tokenAt } from './completions';
import { parsed } from './qualifiers';

interface SearchBoxProps {
  readonly text: string;
  readonly onText: (text: string) => void;
  /** Asks for what is written. @returns what is wrong with it, or nothing */
  readonly onSearch: (text: string) => Promise<string | undefined>;
  readonly namespaces: Namespaces;
  readonly separator: string;
  readonly input: Ref<HTMLInputElement>;
}

/** One field for every filter: a mistake is told beside it and changes nothing. */
export function SearchBox({ text, onText, onSearch, namespaces, separator, input }: SearchBoxProps) {
  const mistake = useId();
  const [place, setPlace] = useState(0);
  const token = tokenAt(text, place);
  const sought = soughtBy(token);
  const keys = useSuggestions(sought?.word, sought?.field);
  const { wrong, search, forget } = useSearch(onSearch);
  const write = (written: string, at: number): void => {
    onText(written);
    setPlace(at);
    if (written !== text) forget();
  };
  const take = ({ text: piece, whole }: Completion): void => {
    const written = text.slice(0, token.start) + piece + text.slice(token.end);
    write(written, token.start + piece.length);
    const { words, problem } = parsed(written);
    if (whole && !problem && words.length === 0) search(written);
  };
  const choices = completionsOf(token, { keys, namespaces, separator });
  return (
    <form
      role="search"
      class="search"
      onSubmit={(event) => {
        event.preventDefault();
        search(text);
      }}
    >
      <Combobox
        label="Search records"
        placeholder="actor:user^7 role:… or the beginning of a key"
        value={text}
        choices={choices.map((choice) => ({ ...choice, id: choice.text, shown: <Offered {...choice} /> }))}
        onInput={write}
        onChoose={take}
        input={input}
        describedBy={mistake}
        invalid={Boolean(wrong)}
      />
      <button type="submit">Search</button>
      <p id={mistake} class="wrong" role="alert">
        {wrong}
      </p>
    </form>
  );
}

/** Of several searches the last one counts. */
function useSearch(onSearch: SearchBoxProps['onSearch']) {
  const [wrong, setWrong] = useState<string>();
  const latest = useRef<Promise<unknown> | undefined>(undefined);
  const search = (text: string): void => {
    const asking = onSearch(text);
    latest.current = asking;
    void asking.then((told) => latest.current === asking && setWrong(told));
  };
  const forget = (): void => {
    latest.current = undefined;
    setWrong(undefined);
  };
  return { wrong, search, forget };
}

function Offered({ text, hint }: Completion) {
  return (
    <>
      <Plain text={text} /> <span class="quiet">{hint}</span>
    </>
  );
}
