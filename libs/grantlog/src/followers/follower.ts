import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { AuditRecord } from '../contract/audit-record';
import { Sweep } from '../sweep/sweep';
import type { AuditTrail } from '../trail/audit-trail';
import type { Destination } from './destination';
import { FollowerLease, LeaseLost } from './follower-lease';
import { messageOf } from './message-of';
import { RequestedRetries } from './requested-retries';

const readAtOnce = 100;
const longestPause = 300_000;

export interface FollowerOptions {
  readonly timeLimit: number;
  readonly maxAttempts: number;
  /** Milliseconds before the second attempt; doubled before each further one, up to five minutes. */
  readonly backoff: number;
  readonly interval: number;
}

/**
 * Takes the trail's records to a destination, one after the other in the order of `seq`, at least once each. A record that
 * is refused `maxAttempts` times is parked, and the next ones go on. Attempts are counted before they begin, so that a
 * record that kills the process is parked too.
 */
export class Follower {
  private readonly log = new Logger('Grantlog');
  private readonly lease: FollowerLease;
  private readonly retries: RequestedRetries;
  private readonly sweep: Sweep;
  private stopping = false;

  constructor(
    dataSource: DataSource,
    private readonly trail: AuditTrail,
    readonly destination: Destination,
    private readonly options: FollowerOptions,
  ) {
    this.lease = new FollowerLease(dataSource, destination.name, options.timeLimit + 5_000);
    this.retries = new RequestedRetries(dataSource, trail);
    this.sweep = new Sweep({
      step: () => this.follow(),
      interval: options.interval,
      onFailure: (error, failures) => {
        if (failures === 1) this.log.error(`${destination.name} cannot follow the trail: ${messageOf(error)}`);
      },
    });
  }

  /** Makes the follower known: from now on it misses nothing, even if it starts later. */
  enrol(): Promise<void> {
    return this.lease.enrol();
  }

  start(): void {
    this.sweep.start();
  }

  wake(): void {
    this.sweep.wake();
  }

  /** Ends after the record under way, and lets another node go on at once. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.sweep.stop();
    await this.lease.release();
  }

  /** Resolves when everything that can be delivered now has been tried. */
  settled(): Promise<void> {
    return this.sweep.now();
  }

  private async follow(): Promise<void> {
    try {
      while (await this.followOn());
    } catch (error) {
      if (!(error instanceof LeaseLost)) throw error;
    }
  }

  /** Delivers the next few records. @returns whether there may be more to do now */
  private async followOn(): Promise<boolean> {
    const place = await this.lease.take();
    if (place?.asked && !this.stopping) {
      await this.retries.deliverNext(this.destination);
      return true;
    }
    if (!place?.due || this.stopping) return false;
    const records = await this.trail.after(place.seq, await this.trail.lastSeq(), {}, readAtOnce);
    if (records.length === 0) return false;
    let attempts = place.attempts + 1;
    await this.lease.countAttempt(attempts);
    for (const [at, record] of records.entries()) {
      if (!(await this.pass(record, attempts, at + 1 < records.length))) return false;
      attempts = 1;
    }
    return true;
  }

  /** @returns whether the record is behind us, delivered or parked */
  private async pass(record: AuditRecord, attempts: number, more: boolean): Promise<boolean> {
    if (this.stopping) {
      await this.lease.countAttempt(attempts - 1); // counted, and not begun
      return false;
    }
    const error = await this.attempt(record, attempts);
    if (error !== undefined && attempts < this.options.maxAttempts) {
      await this.lease.postpone(error, Math.min(this.options.backoff * 2 ** (attempts - 1), longestPause));
      return false;
    }
    const nextAttempts = more ? 1 : 0;
    if (error === undefined) {
      await this.lease.advance(record.seq, nextAttempts);
    } else {
      await this.lease.park(record.seq, nextAttempts, attempts, error);
      this.log.error(
        `${this.destination.name} did not take record ${record.seq} in ${attempts} attempts; it is parked: ${error}`,
      );
    }
    return true;
  }

  private async attempt(record: AuditRecord, attempts: number): Promise<string | undefined> {
    if (attempts > this.options.maxAttempts) return 'the process ended during every attempt';
    try {
      await this.destination.deliver(record);
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }
}
