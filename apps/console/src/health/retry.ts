import { useState } from 'preact/hooks';
import { post } from '../api/api';
import { asError } from '../api/loaded';
import type { Parked, RetryOutcome } from '../api/answers';

/** Delivers parked records once more, one at a time, and tells what became of the last. */
export function useRetry(done: (delivered: boolean) => void) {
  const [retrying, setRetrying] = useState<string>();
  const [told, setTold] = useState('');
  const retry = async ({ id, seq, follower }: Parked): Promise<void> => {
    if (retrying) return;
    setRetrying(id);
    setTold('');
    const { delivered, error } = await post<RetryOutcome>(`parked/${id}/retry`).catch((reason: unknown) => ({
      delivered: false,
      error: asError(reason).message,
    }));
    setRetrying(undefined);
    setTold(delivered ? `#${seq} was delivered to ${follower}.` : `#${seq} was not delivered: ${error}`);
    done(delivered);
  };
  return { retrying, told, retry: (parked: Parked) => void retry(parked) };
}
