import type { Crowd } from '../sides/assignments';

/** What a fresh process is to load. */
export interface LoadOrder {
  readonly side: 'ours' | 'baseline';
  readonly url: string;
  /** What the table holds. */
  readonly known: Crowd;
}

/** What it measured. */
export interface Load {
  /** Until the first question can be answered. */
  readonly seconds: number;
  /** The longest time for which the event loop was blocked. */
  readonly blockedMs: number;
  /** The heap and what it holds outside of it, after a full collection. */
  readonly heapMb: number;
}
