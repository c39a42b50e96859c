import { useEffect, useRef, useState } from 'preact/hooks';
import type { RecordItem } from '../api/answers';
import { asError } from '../api/loaded';
import { Failed } from '../parts/states';
import { type ListingState, recordsOf } from './listing';

/** Older records below those that are there: the place stays, and the focus goes to the first new one. */
export function More({ state: { listing, more, loading: asking } }: { state: ListingState }) {
  const [loading, setLoading] = useState(false);
  const [error, setError] = useState<Error>();
  const [added, setAdded] = useState<readonly RecordItem[]>();
  const all = listing ? recordsOf(listing).length : 0;
  const last = useRef(all);
  useEffect(() => {
    document.getElementById(`record-${added?.[0]?.seq}`)?.focus({ preventScroll: true });
  }, [added]);
  // Another question, another list: what was told of the last one is over.
  if (all < last.current && added) setAdded(undefined);
  last.current = all;
  const load = (): void => {
    if (loading || asking) return; // while another question is asked, the cursor is of the last one
    setLoading(true);
    setError(undefined);
    more()
      .then(setAdded, (reason: unknown) => setError(asError(reason)))
      .finally(() => setLoading(false));
  };
  return (
    <div class="more">
      {error && <Failed error={error} again={load} />}
      {listing?.nextCursor && !error && (
        <button type="button" aria-disabled={loading} onClick={load}>
          {loading ? 'Loading …' : 'Load more'}
        </button>
      )}
      <p class="quiet" role="status">
        {added && `${added.length} more: `}
        {all} {all === 1 ? 'record' : 'records'} shown
        {!listing?.nextCursor && ', which are all'}
      </p>
    </div>
  );
}
