import { setTimeout as pause } from 'node:timers/promises';

/**
 * Asks until the answer is as wanted, for what nothing signals. It fails with the last answer when the limit is reached.
 */
export async function until<T>(ask: () => T | Promise<T>, right: (answer: T) => boolean, limit = 15_000): Promise<T> {
  const end = performance.now() + limit;
  for (;;) {
    const answer = await ask();
    if (right(answer)) return answer;
    if (performance.now() > end)
      throw new Error(`Not so within ${limit} ms; the last answer: ${JSON.stringify(answer)}`);
    await pause(10);
  }
}
