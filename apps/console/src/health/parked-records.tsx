import { useEffect, useState } from 'preact/hooks';
import type { Page, Parked, RetryOutcome } from '../api/answers';
import { post } from '../api/api';
import { useManages } from '../api/manages';
import { usePages } from '../api/pages';
import { Paged } from '../parts/paged';
import { Time } from '../parts/time';
import { hrefOf } from '../route';

/** What followers could not take. @param count how many there are in all: when it changes, they are read anew */
export function ParkedRecords({ count }: { count: number }) {
  const pages = usePages<Page<Parked>>('parked', {});
  const manages = useManages();
  const [told, setTold] = useState('');
  useEffect(pages.again, [count]);
  const retry = async ({ id, seq, follower }: Parked): Promise<void> => {
    setTold(`Delivering #${seq} to ${follower} …`);
    const outcome = await post<RetryOutcome>(`parked/${encodeURIComponent(id)}/retry`).catch((error: unknown) => ({
      delivered: false,
      error: String(error instanceof Error ? error.message : error),
    }));
    setTold(outcome.delivered ? `#${seq} was delivered to ${follower}.` : `#${seq} was not taken: ${outcome.error}`);
    pages.again();
  };
  return (
    <section>
      <h2>Parked records</h2>
      <p role="status">
        <bdi>{told}</bdi>
      </p>
      <Paged pages={pages} what="parked records" empty={<p class="quiet">Followers have taken every record.</p>}>
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">Record</th>
              <th scope="col">Follower</th>
              <th scope="col">Since</th>
              <th scope="col">Attempts</th>
              <th scope="col">Last error</th>
              {manages && <th scope="col">Retry</th>}
            </tr>
          </thead>
          <tbody>
            {pages.items.map((parked) => (
              <ParkedRow key={parked.id} parked={parked} retry={manages ? retry : undefined} />
            ))}
          </tbody>
        </table>
      </Paged>
    </section>
  );
}

function ParkedRow({ parked, retry }: { parked: Parked; retry?: (parked: Parked) => Promise<void> }) {
  const { seq, eventId, type, follower, parkedAt, attempts, lastError } = parked;
  return (
    <tr>
      <td data-label="Record">
        <a href={hrefOf('records', { record: eventId })}>#{seq}</a> {type}
      </td>
      <td data-label="Follower">{follower}</td>
      <td data-label="Since">
        <Time at={parkedAt} />
      </td>
      <td data-label="Attempts">{attempts}</td>
      <td data-label="Last error">
        <bdi>{lastError}</bdi>
      </td>
      {retry && (
        <td data-label="Retry">
          <button type="button" aria-label={`Retry #${seq} for ${follower}`} onClick={() => void retry(parked)}>
            Retry
          </button>
        </td>
      )}
    </tr>
  );
}
