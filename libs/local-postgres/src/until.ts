import { setTimeout as pause } from 'node:timers/promises';

const STEP_MS = 25;

/** Asks again and again until `condition` holds (`true`) or the time is up (`false`). It is asked at least once. */
export async function until(condition: () => Promise<boolean>, limitMs: number): Promise<boolean> {
  const end = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() >= end) return false;
    await pause(STEP_MS);
  }
  return true;
}
