import { setTimeout as pause } from 'node:timers/promises';

const usualLimit = 15_000;

/**
 * Asks until the answer is right, for what no signal tells of.
 * @param limit milliseconds
 * @returns the answer; rejects with the last one after the limit
 */
export async function until<T>(
  ask: () => T | Promise<T>,
  isRight: (answer: T) => boolean,
  limit = usualLimit,
): Promise<T> {
  const end = performance.now() + limit;
  for (;;) {
    const answer = await ask();
    if (isRight(answer)) return answer;
    if (performance.now() > end)
      throw new Error(`Not so within ${limit} ms; the last answer: ${JSON.stringify(answer)}`);
    await pause(10);
  }
}

/** Asks until it is so. */
export async function untilSo(isSo: () => boolean | Promise<boolean>): Promise<void> {
  await until(isSo, Boolean);
}
