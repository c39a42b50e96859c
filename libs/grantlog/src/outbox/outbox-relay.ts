import { Logger } from '@nestjs/common';
import type EventEmitter2 from 'eventemitter2';
import type { DataSource } from 'typeorm';
import { GrantlogError } from '../contract/grantlog.error';
import { batchClaimed, type OutboxBatch, type OutboxEntry } from '../contract/outbox-batch';
import { ownTransaction, type Send } from '../database/own-transaction';
import { Sweep } from '../sweep/sweep';
import { claim, type ClaimedRow, Emptied } from './claim';
import { entryOf } from './outbox-columns';

/** The part of the time that recording takes while changes keep coming; the longer it rests, the more events share a batch. */
const mostBusy = 1 / 4;
/** Milliseconds for which it may so fall behind a burst of changes; then it takes all the time it needs. */
const patience = 250;
/** Milliseconds after which it looks through all of the outbox again, whatever it knows of it: a backup may have been put back. */
const fullLook = 10_000;

export interface RelayOptions {
  /** Events in one transaction. */
  readonly batchSize: number;
  /** Milliseconds after which it looks by itself. */
  readonly interval: number;
  /** Told when events have been recorded, with the transactions that made them. */
  readonly onRecorded: (xids: readonly string[]) => void;
}

export interface RelayHealth {
  /** Rounds in a row that failed; 0 when recording works. */
  readonly failures: number;
  readonly lastError: string | null;
}

/** Nobody recorded a claimed batch. It stays in the outbox. */
export class NotRecordedError extends GrantlogError {
  constructor() {
    super(
      'NOT_RECORDED',
      'The recording handler did not settle the batch; it stays in the outbox and will be tried again.',
    );
  }
}

/**
 * Takes committed events from the outbox to the recording handler, in order and for ever: a batch is settled in the
 * transaction that recorded it, or stays.
 */
export class OutboxRelay {
  private readonly log = new Logger('Grantlog');
  private readonly sweep: Sweep;
  private lastEmptied = performance.now();
  private emptied: Emptied | undefined;
  private lastFullLook = -Infinity;
  private state: RelayHealth = { failures: 0, lastError: null };

  constructor(
    private readonly dataSource: DataSource,
    private readonly emitter: EventEmitter2,
    private readonly options: RelayOptions,
  ) {
    this.sweep = new Sweep({
      step: (awaited) => this.relay(awaited),
      interval: options.interval,
      mostBusy,
      onFailure: (error, failures) => this.failed(error, failures),
    });
  }

  start(): void {
    this.sweep.start();
  }

  wake(): void {
    this.sweep.wake();
  }

  expectEnd(): void {
    this.sweep.expectEnd();
  }

  stop(): Promise<void> {
    return this.sweep.stop();
  }

  /** Resolves when everything committed before the call has been recorded; rejects if recording fails now. */
  drained(): Promise<void> {
    return this.sweep.now();
  }

  health(): RelayHealth {
    return this.state;
  }

  private async relay(awaited: boolean): Promise<void> {
    let moreWaits: boolean;
    do moreWaits = (await this.relayOnce()) === this.options.batchSize;
    while (moreWaits && (awaited || this.isLate()));
    if (moreWaits) this.sweep.wake();
    else this.lastEmptied = performance.now();
    this.state = { failures: 0, lastError: null };
  }

  private isLate(): boolean {
    return performance.now() - this.lastEmptied > patience;
  }

  private async relayOnce(): Promise<number> {
    const now = performance.now();
    if (now - this.lastFullLook > fullLook) {
      this.lastFullLook = now;
      this.emptied = undefined;
    }
    const claimed = await ownTransaction<ClaimedRow, readonly ClaimedRow[]>(
      this.dataSource,
      claim(this.options.batchSize, this.emptied),
      (rows, send) => this.relayBatch(rows, send),
    );
    this.emptied = Emptied.by(claimed) ?? this.emptied;
    if (claimed.length > 0) this.options.onRecorded(claimed.map(({ xid }) => xid));
    return claimed.length;
  }

  private async relayBatch(rows: readonly ClaimedRow[], send: Send): Promise<readonly ClaimedRow[]> {
    if (rows.length === 0) return rows;
    const batch = new ClaimedBatch(rows.map(entryOf).sort(inOrder), send);
    await this.emitter.emitAsync(batchClaimed, batch);
    if (!batch.settled) throw new NotRecordedError();
    return rows;
  }

  private failed(error: unknown, failures: number): void {
    this.state = { failures, lastError: String(error) };
    if (failures === 1) this.log.error(`Recording failed and will be retried until it succeeds: ${String(error)}`);
  }
}

function inOrder(one: OutboxEntry, other: OutboxEntry): number {
  return Number(BigInt(one.outboxId) - BigInt(other.outboxId));
}

class ClaimedBatch implements OutboxBatch {
  settled = false;

  constructor(
    readonly entries: readonly OutboxEntry[],
    readonly send: Send,
  ) {}

  settle(): void {
    this.settled = true;
  }
}
