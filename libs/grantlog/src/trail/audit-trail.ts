import type { DataSource } from 'typeorm';
import { query } from '../database/query';
import type { AuditRecord } from '../contract/audit-record';
import { objectOf } from '../contract/known-fields';
import type { KeySyntax } from '../contract/namespaced-key';
import { cursorAfter, keyOfCursor } from '../contract/page-cursor';
import { pageLimit } from '../contract/page-limit';
import { Conditions } from './audit-conditions';
import type { AuditFilter, AuditPage, AuditQuery } from './audit-query';
import { checkedFilter, checkedUuid } from './checked-filter';
import { LogHead } from './log-head';
import { recordColumns } from './record-columns';

const streamedAtOnce = 1_000;

/** What a cursor of these pages belongs to. */
const list = 'audit-records';

/** The append-only log of what was done, and its queries. */
export class AuditTrail {
  private readonly head: LogHead;

  constructor(
    private readonly dataSource: DataSource,
    private readonly keys: KeySyntax,
  ) {
    this.head = new LogHead(dataSource);
  }

  /**
   * A page of records, newest first. Pages are stable: records appended meanwhile come before the first one.
   * @throws InvalidInputError for a limit outside 1 to 200, a malformed time, or a cursor of another query
   */
  async find(query: AuditQuery = {}): Promise<AuditPage> {
    const { limit, cursor, ...filter } = objectOf(query);
    const most = pageLimit(limit);
    const conditions = this.conditions(filter);
    if (cursor !== undefined) conditions.before(keyOfCursor(cursor, list, filter));
    const { closedThrough } = await this.head.read(); // before the page: what it calls closed must be on it
    const records = await this.select(conditions, 'DESC', most + 1);
    const items = records.slice(0, most);
    const last = items.at(-1);
    const nextCursor = records.length > most && last ? cursorAfter(last.seq, list, filter) : null;
    return { items, nextCursor, closedThrough };
  }

  /**
   * The record of one event; `undefined` if there is none (yet).
   * @param id the event's id, a UUID
   */
  async get(id: string): Promise<AuditRecord | undefined> {
    const sql = `SELECT ${recordColumns} FROM audit_record WHERE id = $1 LIMIT 1`;
    const [record] = await query<AuditRecord>(this.dataSource, sql, [checkedUuid(id, 'id')]);
    return record && Object.freeze(record);
  }

  /** Every record that was in the log when the call was made, oldest first, in the order of `seq`. */
  async *stream(filter: AuditFilter = {}): AsyncIterable<AuditRecord> {
    const { seq: last } = await this.head.read();
    let after = '0';
    for (;;) {
      const records = await this.after(after, last, filter);
      yield* records;
      const reached = records.at(-1);
      if (!reached || records.length < streamedAtOnce) return;
      after = reached.seq;
    }
  }

  /** The last seq given; '0' for an empty log. */
  async lastSeq(): Promise<string> {
    return (await this.head.read()).seq;
  }

  /** Up to 1,000 records behind `after`, up to and including `last`, in the order of `seq`. */
  async after(after: string, last: string, filter: AuditFilter = {}, limit = streamedAtOnce): Promise<AuditRecord[]> {
    return this.select(this.conditions(filter).after(after).through(last), 'ASC', limit);
  }

  /** The moment up to which the log will never change. */
  async closedThrough(): Promise<string> {
    return (await this.head.read()).closedThrough;
  }

  private conditions(filter: AuditFilter): Conditions {
    return new Conditions(checkedFilter(filter, this.keys));
  }

  private async select(conditions: Conditions, direction: 'ASC' | 'DESC', limit: number): Promise<AuditRecord[]> {
    const { where, parameters } = conditions;
    const sql = `SELECT ${recordColumns} FROM audit_record WHERE ${where} ORDER BY ${conditions.orderBy(direction)} LIMIT ${limit}`;
    const rows = await query<AuditRecord>(this.dataSource, sql, parameters);
    return rows.map((row) => Object.freeze(row));
  }
}
