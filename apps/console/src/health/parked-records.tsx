import { useEffect, useRef } from 'preact/hooks';
import type { Page, Parked } from '../api/answers';
import { useManages } from '../api/manages';
import { usePages } from '../api/pages';
import { Paged } from '../parts/paged';
import { Plain } from '../parts/plain';
import { Rows } from '../parts/rows';
import { Time } from '../parts/time';
import { hrefOf } from '../route';
import { useRetry } from './retry';

interface ParkedRecordsProps {
  /** How many there are in all; when it changes, they are read anew. */
  readonly count: number;
  /** Reads health anew. */
  readonly look: () => void;
}

/** What followers could not take; whoever may, has it delivered once more. */
export function ParkedRecords({ count, look }: ParkedRecordsProps) {
  const pages = usePages<Page<Parked>>('parked', {});
  const manages = useManages();
  const heading = useRef<HTMLHeadingElement>(null);
  const known = useRef(count);
  useEffect(() => {
    if (known.current !== count) pages.again();
    known.current = count;
  }, [count]);
  const { retrying, told, retry } = useRetry((delivered) => {
    if (delivered) heading.current?.focus(); // the button goes with its row
    pages.again();
    look();
  });
  return (
    <section>
      <h2 ref={heading} tabIndex={-1}>
        Parked records
      </h2>
      <p role="status">{told && <Plain text={told} />}</p>
      <Paged pages={pages} what="parked records" empty={<p class="quiet">Followers have taken every record.</p>}>
        <Rows
          items={pages.items}
          keyOf={({ id }) => id}
          columns={[
            ['Record', ({ eventId, seq }) => <a href={hrefOf('records', { record: eventId })}>#{seq}</a>],
            ['Type', ({ type }) => type],
            ['Follower', ({ follower }) => <Plain text={follower} />],
            ['Since', ({ parkedAt }) => <Time at={parkedAt} />],
            ['Attempts', ({ attempts }) => attempts],
            ['Last error', ({ lastError }) => <Plain text={lastError} />],
            manages && ['Retry', (parked) => <Retry parked={parked} retrying={retrying} retry={retry} />],
          ]}
        />
      </Paged>
    </section>
  );
}

interface RetryProps {
  readonly parked: Parked;
  readonly retrying: string | undefined;
  readonly retry: (parked: Parked) => void;
}

function Retry({ parked, retrying, retry }: RetryProps) {
  return (
    <button
      type="button"
      aria-label={`Retry #${parked.seq} for ${parked.follower}`}
      aria-disabled={Boolean(retrying)}
      onClick={() => retry(parked)}
    >
      {retrying === parked.id ? 'Retrying …' : 'Retry'}
    </button>
  );
}
