import { setTimeout as pause } from 'node:timers/promises';

const step = 10;

/** Asks again and again until it is so (`true`) or the time is up (`false`). It is asked at least once. */
export async function until(isSo: () => Promise<boolean>, limit: number): Promise<boolean> {
  const end = performance.now() + limit;
  while (!(await isSo())) {
    if (performance.now() >= end) return false;
    await pause(step);
  }
  return true;
}
