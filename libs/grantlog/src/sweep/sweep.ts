const firstPause = 50;
const longestPause = 1_000;
const longestRest = 100;

/** Pause before the next try after `failures` in a row: 50 ms, 100 ms, … at most 1 s. */
export function pauseAfter(failures: number): number {
  return Math.min(firstPause * 2 ** Math.min(failures - 1, 16), longestPause);
}

export interface SweepOptions {
  /** One round of work. Must be safe to repeat. `awaited` says that somebody waits for all there is to do now. */
  readonly step: (awaited: boolean) => Promise<void>;
  /** Milliseconds after which a round runs even if nobody woke the sweep. */
  readonly interval: number;
  /** The part of the time that rounds take when they are woken again and again, with rests of at most 100 ms. Default: 1, all of it */
  readonly mostBusy?: number;
  /** Hears every failed round until the end is expected; the sweep itself goes on for ever. */
  readonly onFailure: (error: unknown, failures: number) => void;
}

/** Repeats a step, one round at a time: at once when woken, after a pause otherwise, with growing pauses on failure. */
export class Sweep {
  private running: Promise<void> | undefined;
  private stopped = false;
  private woken = false;
  private failures = 0;
  private ending = false;
  /** Whether there is nothing to do, so that a wake-up begins a round at once. */
  private dozing = false;
  private rouse: (() => void) | undefined;
  private lastApart: Promise<void> = Promise.resolve();
  private readonly waiting: { resolve: () => void; reject: (error: unknown) => void }[] = [];

  constructor(private readonly options: SweepOptions) {}

  start(): void {
    this.running ??= this.run();
  }

  /** Asks for a round soon. Never throws and never waits: safe in a hook that must not fail. */
  wake(): void {
    this.woken = true;
    if (this.dozing) this.rouse?.();
  }

  /** Runs a round that begins after this call, and waits for it. Rejects with that round's error. */
  now(): Promise<void> {
    if (this.stopped || !this.running) return this.apart();
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.rouse?.();
    });
  }

  /** What the sweep works on may be taken away from now on, also in the middle of a round: a failure is no news any more. */
  expectEnd(): void {
    this.ending = true;
  }

  /** Whether it has ended, or will after the round under way. */
  get isStopped(): boolean {
    return this.stopped;
  }

  /** Ends after the round under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.rouse?.();
    await this.running;
  }

  /** Where rounds do not run by themselves: one at a time all the same. */
  private apart(): Promise<void> {
    const round = this.lastApart.then(() => this.options.step(true));
    this.lastApart = round.catch(() => undefined); // whoever asked for it is told
    return round;
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      const began = performance.now();
      this.woken = false;
      await this.round(this.waiting.splice(0));
      if (this.failures > 0) await this.sleep(pauseAfter(this.failures));
      else await this.rest(began);
    }
    for (const waiter of this.waiting.splice(0)) void this.apart().then(waiter.resolve, waiter.reject);
  }

  private async round(waiters: Sweep['waiting']): Promise<void> {
    try {
      await this.options.step(waiters.length > 0);
      this.failures = 0;
      for (const waiter of waiters) waiter.resolve();
    } catch (error) {
      this.failures += 1;
      if (!this.ending) this.options.onFailure(error, this.failures);
      for (const waiter of waiters) waiter.reject(error);
    }
  }

  private async rest(began: number): Promise<void> {
    const { interval, mostBusy = 1 } = this.options;
    await this.sleep(Math.min((performance.now() - began) * (1 / mostBusy - 1), longestRest));
    if (this.woken) return;
    this.dozing = true;
    await this.sleep(interval);
    this.dozing = false;
  }

  /** Ends early for those who wait for a round, and for the end. */
  private sleep(milliseconds: number): Promise<void> {
    if (this.stopped || this.waiting.length > 0 || milliseconds <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.rouse = undefined;
        resolve();
      };
      const timer = setTimeout(end, milliseconds).unref();
      this.rouse = end;
    });
  }
}
