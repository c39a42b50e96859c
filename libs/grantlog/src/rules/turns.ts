import type { QueryRunner } from 'typeorm';

/**
 * Lets calls that share a caller's transaction take turns. One that sets a savepoint, and goes back to it, would otherwise take
 * with it what others have sent meanwhile; and two savepoints at once end in each other's.
 */
export class Turns {
  private readonly last = new WeakMap<QueryRunner, Promise<unknown>>();

  /** Runs `work` when the turns before it have ended, however they did. */
  take<T>(runner: QueryRunner, work: () => Promise<T>): Promise<T> {
    const turn = (this.last.get(runner) ?? Promise.resolve()).then(work);
    this.last.set(
      runner,
      turn.catch(() => undefined), // whoever made the call is told
    );
    return turn;
  }
}
