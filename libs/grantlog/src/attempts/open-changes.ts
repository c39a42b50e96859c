import type { DataSource } from 'typeorm';
import type { AuditEvent } from '../contract/audit-event';
import type { OutboxEntry } from '../contract/outbox-batch';
import { query } from '../database/query';
import { mostRecorded } from './attempted-rules';

/** A change that was made in a caller's transaction, in one statement: all of it stays, or none. */
interface OpenChange {
  readonly xid: string;
  /** Of its first event, which tells whether it stayed. */
  readonly id: string;
  /** As many as an attempt is told of by. */
  readonly events: readonly AuditEvent[];
  readonly total: number;
}

/** Hears of a change that its transaction has ended without. */
export type OnLost = (change: Pick<OpenChange, 'events' | 'total'>) => void;

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
 * not tell of raw SQL, of savepoints, or of a COMMIT that PostgreSQL turned into a ROLLBACK.
 */
export class OpenChanges {
  private changes: OpenChange[] = [];
  private events = 0;

  constructor(private readonly dataSource: DataSource) {}

  /** Events that are kept. */
  get size(): number {
    return this.events;
  }

  add(entries: readonly OutboxEntry[]): void {
    const [first] = entries;
    if (!first) return;
    const events = entries.slice(0, mostRecorded).map(({ event }) => event);
    this.changes.push({ xid: first.xid, id: first.event.id, events, total: entries.length });
    this.events += events.length;
  }

  /** Forgets the changes of transactions that have ended, and tells of those that were rolled back. Rejects if it cannot ask. */
  async judge(onLost: OnLost): Promise<void> {
    if (this.changes.length === 0) return;
    const xids = [...new Set(this.changes.map(({ xid }) => xid))];
    const over = new Set((await query<{ xid: string }>(this.dataSource, ended, [xids])).map(({ xid }) => xid));
    const settled = this.changes.filter(({ xid }) => over.has(xid));
    for (let at = 0; at < settled.length; at += mostAtOnce) {
      await this.judgeSettled(settled.slice(at, at + mostAtOnce), onLost);
    }
  }

  private async judgeSettled(settled: readonly OpenChange[], onLost: OnLost): Promise<void> {
    const parameters = [settled.map(({ xid }) => xid), settled.map(({ id }) => id)];
    const rows = await query<{ id: string }>(this.dataSource, committed, parameters);
    const stayed = new Set(rows.map(({ id }) => id));
    this.forget(new Set(settled));
    for (const change of settled) if (!stayed.has(change.id)) onLost(change);
  }

  private forget(settled: ReadonlySet<OpenChange>): void {
    this.changes = this.changes.filter((change) => !settled.has(change));
    for (const { events } of settled) this.events -= events.length;
  }
}
