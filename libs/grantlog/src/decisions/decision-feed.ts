import { AsyncLocalStorage } from 'node:async_hooks';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { AuthorizationDecision } from './authorization-decision';

/** Takes decisions, one after the other. */
export type DecisionTaker = (decision: AuthorizationDecision) => unknown;

/** Who takes decisions at present. */
export type DecisionTakers = () => readonly DecisionTaker[];

export interface DecisionFeedOptions {
  /** Decisions that may wait for one taker. */
  readonly maxWaiting: number;
  /** Milliseconds that a taker may take for one. */
  readonly timeLimit: number;
}

export interface DecisionsHealth {
  /** Decisions that a taker was given, and took. */
  readonly taken: number;
  /** Decisions that a taker was not given, because too many waited for it. */
  readonly dropped: number;
  /** Decisions on which a taker threw, or took too long. */
  readonly failed: number;
  readonly lastError: string | null;
}

/** What waits for one taker. */
interface Lane {
  readonly waiting: AuthorizationDecision[];
  busy: boolean;
}

/**
 * Tells decisions to whoever takes them: later than the call that was decided, which is never held, and to each in a lane of its own,
 * so that a slow one keeps nobody else waiting. What comes while a lane is full is dropped, and counted. Takers run outside of any
 * request: what they change is not done by whoever asked the enforcer. What they ask it themselves is not told, or it would never end.
 */
export class DecisionFeed implements OnApplicationShutdown {
  private readonly outside = AsyncLocalStorage.snapshot() as (work: () => void) => void;
  private readonly telling = new AsyncLocalStorage<true>();
  private readonly subscriptions = new Set<DecisionTakers>();
  private readonly lanes = new WeakMap<DecisionTaker, Lane>();
  private taken = 0;
  private dropped = 0;
  private failed = 0;
  private lastError: string | null = null;
  private ended = false;

  constructor(private readonly options: DecisionFeedOptions) {}

  /** @param takers is asked with each decision, so that takers may come and go */
  subscribe(takers: DecisionTakers): void {
    this.subscriptions.add(takers);
  }

  /** From now on nobody is told anything. */
  onApplicationShutdown(): void {
    this.ended = true;
  }

  /** Never throws, and runs nothing of a taker's. @param make is called only if there is somebody to tell */
  tell(make: () => AuthorizationDecision): void {
    try {
      if (this.ended || this.telling.getStore()) return;
      const takers = this.takers();
      if (takers.length === 0) return;
      const decision = Object.freeze(make());
      for (const taker of takers) this.enqueue(taker, decision);
    } catch (error) {
      this.fail(error); // whoever asked the enforcer gets its answer
    }
  }

  health(): DecisionsHealth {
    const { taken, dropped, failed, lastError } = this;
    return { taken, dropped, failed, lastError };
  }

  private takers(): DecisionTaker[] {
    return [...this.subscriptions].flatMap((subscription) => subscription());
  }

  private enqueue(taker: DecisionTaker, decision: AuthorizationDecision): void {
    const lane = this.lanes.get(taker) ?? { waiting: [], busy: false };
    this.lanes.set(taker, lane);
    if (lane.waiting.length >= this.options.maxWaiting) {
      this.dropped += 1;
      return;
    }
    lane.waiting.push(decision);
    if (lane.busy) return;
    lane.busy = true;
    this.outside(() => setImmediate(() => void this.telling.run(true, () => this.drain(taker, lane))));
  }

  private async drain(taker: DecisionTaker, lane: Lane): Promise<void> {
    for (let decision = lane.waiting.shift(); decision && !this.ended; decision = lane.waiting.shift()) {
      try {
        if (!this.takers().includes(taker)) continue; // it has gone meanwhile, such as one that is for one decision only
        const taking = taker(decision);
        if (taking instanceof Promise) await this.withinLimit(taking);
        this.taken += 1;
      } catch (error) {
        this.fail(error);
      }
    }
    lane.busy = false;
  }

  private async withinLimit(work: Promise<unknown>): Promise<void> {
    const { timeLimit } = this.options;
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`A listener for decisions did not settle within ${timeLimit} ms`)),
        timeLimit,
      );
      timer.unref();
    });
    try {
      await Promise.race([work, limit]);
    } finally {
      clearTimeout(timer);
    }
  }

  private fail(error: unknown): void {
    this.failed += 1;
    this.lastError = error instanceof Error ? error.message : String(error);
  }
}
