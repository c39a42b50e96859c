export interface MemoryHealth {
  /** Milliseconds since memory was last known to be equal to the table. */
  readonly behindMs: number;
  /** Whether that is more than the option `maxStaleness` allows. */
  readonly stale: boolean;
  readonly lastError: string | null;
}

/** How long ago memory was equal to the table. The clock goes on while the process is frozen. */
export class Staleness {
  private caughtUpAt = performance.now();
  private lastError: string | null = null;

  /** @param limit milliseconds after which memory that has not caught up is stale */
  constructor(readonly limit: number) {}

  /** @param since when the look into the database began that has shown it */
  caughtUp(since: number): void {
    this.caughtUpAt = since;
    this.lastError = null;
  }

  failed(error: unknown): void {
    this.lastError = String(error);
  }

  get isStale(): boolean {
    return this.behind > this.limit;
  }

  health(): MemoryHealth {
    return { behindMs: Math.round(this.behind), stale: this.isStale, lastError: this.lastError };
  }

  /** Why memory has not caught up with a transaction, or with everything. */
  reason(xid: string | undefined): string {
    if (this.lastError !== null) return this.lastError;
    return xid === undefined
      ? 'the database has not answered.'
      : 'the transaction of the token has not ended, or is one of another database.';
  }

  private get behind(): number {
    return performance.now() - this.caughtUpAt;
  }
}
