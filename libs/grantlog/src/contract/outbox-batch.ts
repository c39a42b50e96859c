import type { AuditEvent, RuleEvent } from './audit-event';

/** A committed event waiting to be recorded, with its place in the outbox and the transaction that put it there. */
export interface OutboxEntry<Event extends AuditEvent = AuditEvent> {
  /** bigint as text. For one rule, the order of the commits. */
  readonly outboxId: string;
  /** Transaction id (xid8) as text. */
  readonly xid: string;
  readonly event: Event;
}

/** That a rule changed. */
export type RuleEntry = OutboxEntry<RuleEvent>;

/** Name under which the relay emits a batch on the module's own EventEmitter2. */
export const batchClaimed = 'outbox.batch_claimed';

/**
 * Committed events, taken from the outbox in order inside an open transaction. Whoever records them MUST do so through
 * `send` and then call `settle()`; without it the relay puts them back and tries again.
 */
export interface OutboxBatch {
  readonly entries: readonly OutboxEntry[];
  /** Runs a statement in the transaction that took the entries. */
  readonly send: <Row>(statement: { text: string; name?: string }, parameters: readonly unknown[]) => Promise<Row[]>;
  /** Says that the entries have been recorded, and so need not go back. */
  settle(): void;
}
