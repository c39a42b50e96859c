import { NotCaughtUpError } from './not-caught-up.error';

interface Waiting {
  readonly refuse: (reason: string) => void;
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
      const settle = (end: () => void): void => {
        clearTimeout(timer);
        this.waiting.delete(one);
        end();
      };
      const one: Waiting = {
        xid,
        resolve: () => settle(resolve),
        refuse: (why) => settle(() => reject(new NotCaughtUpError(limit, why))),
      };
      const timer = setTimeout(() => one.refuse(reason()), limit);
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

  /** Nobody looks any more. */
  end(): void {
    for (const one of this.waiting) one.refuse('the app is closing');
  }
}
