import { Logger } from '@nestjs/common';
import type EventEmitter2 from 'eventemitter2';
import type { DataSource } from 'typeorm';
import { GrantlogError } from '../contract/grantlog.error';
import { batchClaimed, type OutboxBatch, type OutboxEntry } from '../contract/outbox-batch';
import { ownTransaction, type Send } from '../database/own-transaction';
import { Sweep } from '../sweep/sweep';
import { entryOf, outboxColumns, type OutboxRow } from './outbox-columns';

/**
 * Takes rows in the order of the outbox and waits for those that another relay holds, rather than passing them by: so nothing
 * that was committed later can be recorded earlier, however many relays there are (docs/adr/0005). They are back if the
 * transaction does not commit. Never prepared: a plan that was made when the outbox was empty would read all of a full one.
 */
const claim = `
  WITH claimed AS (
    DELETE FROM audit_outbox WHERE outbox_id = ANY (ARRAY(
      SELECT outbox_id FROM audit_outbox ORDER BY outbox_id LIMIT $1 FOR UPDATE))
    RETURNING *)
  SELECT ${outboxColumns} FROM claimed ORDER BY claimed.outbox_id`;
/** A node that is frozen or cut off in the middle of a batch lets go of it after ten seconds, and another goes on. */
const begin = `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = '10s'`;
/** Milliseconds between the starts of two rounds: under load, many events share one. */
const rest = 5;

export interface RelayOptions {
  /** Events in one transaction. */
  readonly batchSize: number;
  /** Milliseconds after which it looks by itself. */
  readonly interval: number;
  /** Told when records have been committed. */
  readonly onRecorded: () => void;
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
  private state: RelayHealth = { failures: 0, lastError: null };

  constructor(
    private readonly dataSource: DataSource,
    private readonly emitter: EventEmitter2,
    private readonly options: RelayOptions,
  ) {
    this.sweep = new Sweep({
      step: () => this.drain(),
      interval: options.interval,
      rest,
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

  private async drain(): Promise<void> {
    let claimed: number;
    do {
      claimed = await ownTransaction(this.dataSource, begin, (send) => this.relayBatch(send));
      if (claimed > 0) this.options.onRecorded();
    } while (claimed === this.options.batchSize);
    this.state = { failures: 0, lastError: null };
  }

  private async relayBatch(send: Send): Promise<number> {
    const rows = await send<OutboxRow>({ text: claim }, [this.options.batchSize]);
    if (rows.length === 0) return 0;
    const batch = new ClaimedBatch(rows.map(entryOf), send);
    await this.emitter.emitAsync(batchClaimed, batch);
    if (!batch.settled) throw new NotRecordedError();
    return rows.length;
  }

  private failed(error: unknown, failures: number): void {
    this.state = { failures, lastError: String(error) };
    if (failures === 1) this.log.error(`Recording failed and will be retried until it succeeds: ${String(error)}`);
  }
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
