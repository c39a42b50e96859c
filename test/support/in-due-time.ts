import { setTimeout as pause } from 'node:timers/promises';

/** Asks until `condition` holds, for what no signal tells of. Rejects if it does not hold within `limit` milliseconds. */
export async function inDueTime(
  condition: () => boolean | Promise<boolean>,
  what: string,
  limit = 10_000,
): Promise<void> {
  const end = Date.now() + limit;
  while (!(await condition())) {
    if (Date.now() >= end) throw new Error(`Waited ${limit} ms in vain: ${what}`);
    await pause(5);
  }
}
