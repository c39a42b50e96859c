import { NotCaughtUpError } from './not-caught-up.error';

interface Waiting {
  /** The transaction to be known; without one, everything that was committed when the wait began. */
  readonly xid: string | undefined;
  readonly resolve: () => void;
}

/** Those who wait for memory to get somewhere. */
export class CatchUps {
  private readonly waiting = new Set<Waiting>();

  /** @param reason says why, if the time is over */
  wait(xid: string | undefined, limit: number, reason: () => string): Promise<void> {
    return new Promise((resolve, reject) => {
      const one: Waiting = { xid, resolve: () => this.end(one, timer, resolve) };
      const timer = setTimeout(() => {
        this.end(one, timer, () => reject(new NotCaughtUpError(limit, reason())));
      }, limit);
      this.waiting.add(one);
    });
  }

  /**
   * A look into the database begins.
   * @returns what is to be called when memory shows what was seen
   */
  begin(): (knows: (xid: string) => boolean) => void {
    const before = new Set(this.waiting);
    return (knows) => {
      for (const one of this.waiting) {
        if (one.xid === undefined ? before.has(one) : knows(one.xid)) one.resolve();
      }
    };
  }

  private end(one: Waiting, timer: NodeJS.Timeout, settle: () => void): void {
    clearTimeout(timer);
    this.waiting.delete(one);
    settle();
  }
}
