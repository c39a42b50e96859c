import { useMemo, useState } from 'preact/hooks';
import { ApiError } from '../api/api';
import type { Query } from '../route';
import { asked, FilterError, listed } from './filters';

/** What the server is asked, as the address says it at one moment. */
export interface Question {
  /** Another one whenever something else is asked, or the same once more. */
  readonly key: string;
  /** Undefined if it cannot be asked. */
  readonly filter: Readonly<Record<string, string>> | undefined;
  readonly error: ApiError | undefined;
  /** Whether records can still be added to what it asks for. */
  readonly open: boolean;
  /** Asks once more; a window that moves along has moved. */
  readonly again: () => void;
}

export function useQuestion(address: Query): Question {
  const [round, setRound] = useState(0);
  const key = `${round} ${JSON.stringify(listed(address))}`;
  // The key holds what is read of the address.
  return useMemo(() => ({ key, again: () => setRound((last) => last + 1), ...askedNow(address) }), [key]);
}

function askedNow(address: Query): Pick<Question, 'filter' | 'error' | 'open'> {
  const now = new Date();
  try {
    const filter = asked(address, now);
    return { filter, error: undefined, open: !(Date.parse(filter.to ?? '') <= now.getTime()) };
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    return { filter: undefined, error: new ApiError(400, error.message, error.field), open: false };
  }
}
