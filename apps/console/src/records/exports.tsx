import { useEffect, useRef, useState } from 'preact/hooks';
import { asError } from '../api/loaded';
import { Failed } from '../parts/states';
import { Time } from '../parts/time';
import { downloaded, type Downloaded, type Format, formats, save } from './download';

type Filter = Readonly<Record<string, string>>;

type State =
  | { readonly step: 'running'; readonly bytes: number }
  | { readonly step: 'done'; readonly file: Downloaded }
  | { readonly step: 'failed'; readonly error: Error; readonly format: Format };

/** What is asked for as a file, to its end and not only as far as it is shown. */
export function Exports({ filter }: { filter: Filter }) {
  const { state, start, cancel } = useExport(filter);
  const running = state?.step === 'running';
  return (
    <>
      {formats.map((format) => (
        <button key={format} type="button" aria-disabled={running} onClick={() => running || start(format)}>
          Export {format.toUpperCase()}
        </button>
      ))}
      <div class="export">
        <span role="status">
          {running && 'Exporting …'}
          {state?.step === 'done' && <Saved file={state.file} />}
        </span>
        {running && (
          <>
            {' '}
            <span class="quiet">{sizeOf(state.bytes)}</span>{' '}
            <button type="button" onClick={cancel}>
              Stop the export
            </button>
          </>
        )}
        {state?.step === 'failed' && <Failed error={state.error} again={() => start(state.format)} />}
      </div>
    </>
  );
}

function Saved({ file: { name, content, closedThrough } }: { file: Downloaded }) {
  return (
    <>
      {name} ({sizeOf(content.size)})
      {closedThrough && (
        <>
          , complete up to <Time at={closedThrough} />
        </>
      )}
    </>
  );
}

/** One at a time; whoever leaves the view stops it. */
function useExport(filter: Filter) {
  const [state, setState] = useState<State>();
  const abort = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => abort.current?.abort(), []);
  const start = (format: Format): void => {
    const { signal } = (abort.current = new AbortController());
    const told = (next: State): void => (signal.aborted ? undefined : setState(next));
    told({ step: 'running', bytes: 0 });
    downloaded(filter, format, signal, (bytes) => told({ step: 'running', bytes })).then(
      (file) => {
        if (!signal.aborted) save(file);
        told({ step: 'done', file });
      },
      (error: unknown) => told({ step: 'failed', error: asError(error), format }),
    );
  };
  const cancel = (): void => {
    abort.current?.abort();
    setState(undefined);
  };
  return { state, start, cancel };
}

function sizeOf(bytes: number): string {
  const [unit, size] = bytes < 1e6 ? ['kB', 1e3] : ['MB', 1e6];
  return `${(bytes / Number(size)).toLocaleString('en', { maximumFractionDigits: 1 })} ${unit}`;
}
