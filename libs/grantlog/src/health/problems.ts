import type { FollowerHealth } from '../followers/followers';
import type { OutboxDepth } from '../outbox/outbox-depth';

/** Red from here on. */
const recordingLagSeconds = 30;

/** What is wrong with the outbox, in sentences. */
export function outboxProblems({
  oldestAgeSeconds,
}: { readonly [K in keyof OutboxDepth]: OutboxDepth[K] | null }): string[] {
  if ((oldestAgeSeconds ?? 0) <= recordingLagSeconds) return [];
  return [`The oldest event waits in the outbox for ${oldestAgeSeconds} s; no relay records it.`];
}

/** What is wrong with a follower. */
export function followerProblems({ name, parked, lastError }: FollowerHealth): string[] {
  if (parked > 0)
    return [`${name} could not take ${parked} records; they are parked. Last error: ${lastError ?? 'none'}`];
  return lastError === null ? [] : [`${name} is retrying: ${lastError}`];
}
