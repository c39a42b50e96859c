import type { DataSource } from 'typeorm';
import type { RuleEvent } from '../contract/audit-event';
import type { RuleEntry } from '../contract/outbox-batch';
import { query } from '../database/query';
import { mostRecorded } from './attempted-rules';

/** A change that was made in a caller's transaction, in one statement: all of it stays, or none. */
interface OpenChange {
  /** Of its first event, which tells whether it stayed. */
  readonly id: string;
  /** As many as an attempt is told of by. */
  readonly events: readonly RuleEvent[];
  readonly total: number;
}

interface OpenTransaction {
  readonly changes: OpenChange[];
  /** Events that are kept of it. */
  events: number;
  /** Events that would be recorded, too, if there had been room for them. */
  untold: number;
}

/** Hears of a change that its transaction has ended without. */
export type OnLost = (events: readonly RuleEvent[], total: number) => void;

/** Changes that are looked up in one statement: so few that PostgreSQL does not read all of the log for them. */
const mostAtOnce = 500;

/**
 * The transactions that have ended, of those in $1. A snapshot tells it, and not pg_xact_status(): that one knows of commits which the
 * statement does not see yet, and would call their events missing.
 */
const ended = `
  SELECT xid::text AS xid FROM unnest($1::xid8[]) AS open(xid) WHERE pg_visible_in_snapshot(xid, pg_current_snapshot())`;

/** Of the events in $2, of the transactions in $1, those that were committed: they wait in the outbox or are in the log. */
const committed = `
  SELECT change.id FROM unnest($1::xid8[], $2::uuid[]) AS change(xid, id)
  LEFT JOIN LATERAL (
    SELECT true AS found FROM audit_outbox AS event WHERE event.xid = change.xid AND event.id = change.id LIMIT 1) AS waiting ON true
  LEFT JOIN LATERAL (SELECT true AS found FROM audit_record AS record WHERE record.id = change.id LIMIT 1) AS recorded ON true
  WHERE waiting.found OR recorded.found`;

/**
 * Changes in callers' transactions that have not ended, as far as is known. What becomes of them only the database knows: hooks do
 * not tell of raw SQL, of savepoints, or of a COMMIT that PostgreSQL turned into a ROLLBACK. Their events have to be kept, because
 * nothing is left of them in the database after a rollback.
 */
export class OpenChanges {
  private readonly transactions = new Map<string, OpenTransaction>();
  private events = 0;

  constructor(private readonly dataSource: DataSource) {}

  /** Transactions that have not ended. */
  get size(): number {
    return this.transactions.size;
  }

  /**
   * If there is no room, the transaction of which the most is kept gives up its latest changes: a large one silences no other.
   * @param room for events, in all
   * @returns whether nothing had to be given up
   */
  add(entries: readonly RuleEntry[], room: number): boolean {
    const [first] = entries;
    if (!first) return true;
    const events = entries.slice(0, mostRecorded).map(({ event }) => event);
    const transaction = this.transactionOf(first.xid);
    const hadRoom = this.events + events.length <= room;
    if (!hadRoom && !this.makeRoom(transaction, events.length, room)) {
      transaction.untold += events.length;
      return false;
    }
    transaction.changes.push({ id: first.event.id, events, total: entries.length });
    this.count(transaction, events.length);
    return hadRoom;
  }

  /**
   * Forgets the changes of transactions that have ended, and tells of those that were rolled back. Rejects if it cannot ask.
   * @returns events of them that were not kept. They count unless all that was kept of their transaction has stayed
   */
  async judge(onLost: OnLost): Promise<number> {
    if (this.size === 0) return 0;
    const rows = await query<{ xid: string }>(this.dataSource, ended, [[...this.transactions.keys()]]);
    const over = rows.map(({ xid }) => xid);
    const stayed = await this.stayed(over);
    return over.reduce((untold, xid) => untold + this.end(xid, stayed, onLost), 0);
  }

  private transactionOf(xid: string): OpenTransaction {
    const known = this.transactions.get(xid);
    if (known) return known;
    const transaction = { changes: [], events: 0, untold: 0 };
    this.transactions.set(xid, transaction);
    return transaction;
  }

  /** Not at the cost of a transaction that would then have less than the one that needs it. */
  private makeRoom(needing: OpenTransaction, events: number, room: number): boolean {
    while (this.events + events > room) {
      const largest = this.largest();
      const last = largest.events > needing.events + events ? largest.changes.pop() : undefined;
      if (!last) return false;
      this.count(largest, -last.events.length);
      largest.untold += last.events.length;
    }
    return true;
  }

  private largest(): OpenTransaction {
    return [...this.transactions.values()].reduce((largest, one) => (one.events > largest.events ? one : largest));
  }

  private count(transaction: OpenTransaction, events: number): void {
    transaction.events += events;
    this.events += events;
  }

  /** The changes of ended transactions that were committed, by the ids of their first events. */
  private async stayed(xids: readonly string[]): Promise<Set<string>> {
    const changes = xids.flatMap((xid) => this.transactionOf(xid).changes.map(({ id }) => ({ xid, id })));
    const stayed = new Set<string>();
    for (let at = 0; at < changes.length; at += mostAtOnce) {
      const some = changes.slice(at, at + mostAtOnce);
      const parameters = [some.map(({ xid }) => xid), some.map(({ id }) => id)];
      for (const { id } of await query<{ id: string }>(this.dataSource, committed, parameters)) stayed.add(id);
    }
    return stayed;
  }

  private end(xid: string, stayed: ReadonlySet<string>, onLost: OnLost): number {
    const transaction = this.transactionOf(xid);
    const { changes, events, untold } = transaction;
    this.count(transaction, -events);
    this.transactions.delete(xid);
    const lost = changes.filter(({ id }) => !stayed.has(id));
    for (const change of lost) onLost(change.events, change.total);
    return lost.length > 0 || changes.length === 0 ? untold : 0;
  }
}
