import { useEffect, useState } from 'preact/hooks';
import { ApiError, get } from './api';

let answer: Promise<boolean> | undefined;

/**
 * Whether the viewer may manage roles; not until the server has said so. It is asked once; what may be done, it decides anew
 * on each change.
 */
export function useManages(): boolean {
  const [manages, setManages] = useState(false);
  useEffect(() => {
    answer ??= ask();
    answer.then(setManages, () => (answer = undefined));
  }, []);
  return manages;
}

/** @throws ApiError if it cannot be told: nobody is signed in, or the server is away */
async function ask(): Promise<boolean> {
  try {
    return (await get<{ manages: boolean }>('viewer/manages')).manages;
  } catch (error) {
    if (error instanceof ApiError && [403, 404].includes(error.status)) return false;
    throw error;
  }
}
