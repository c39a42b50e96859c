import type { DataSource } from 'typeorm';
import type { AuditRecord } from '../contract/audit-record';
import type { KeySyntax } from '../contract/namespaced-key';
import { cursorAfter, keyOfCursor } from '../contract/page-cursor';
import { pageLimit } from '../contract/page-limit';
import { utc } from '../contract/utc';
import { type Conditions, conditionsOf } from './audit-conditions';
import type { AuditFilter, AuditPage, AuditQuery } from './audit-query';
import { checkedFilter, checkedUuid } from './checked-filter';
import { recordColumns } from './record-columns';

const streamedAtOnce = 1_000;

/** The last seq given, and the moment of that append: what comes later is recorded later. */
const head = `SELECT seq::text AS seq, ${utc('recorded_at')} AS "closedThrough" FROM audit_head`;

interface Head {
  readonly seq: string;
  readonly closedThrough: string;
}

/** The append-only log of what was done, and its queries. */
export class AuditTrail {
  constructor(
    private readonly dataSource: DataSource,
    private readonly keys: KeySyntax,
  ) {}

  /**
   * A page of records, newest first. Pages are stable: records appended meanwhile come before the first one.
   * @throws InvalidInputError for a limit outside 1 to 200, a malformed time, or a cursor of another query
   */
  async find({ limit, cursor, ...filter }: AuditQuery = {}): Promise<AuditPage> {
    const most = pageLimit(limit);
    const conditions = this.conditions(filter);
    if (cursor !== undefined) conditions.add((parameter) => `seq < ${parameter}`, keyOfCursor(cursor, filter));
    const { closedThrough } = await this.head(); // before the page: what it calls closed must be on it
    const records = await this.select(conditions, `ORDER BY seq DESC LIMIT ${most + 1}`);
    const items = records.slice(0, most);
    const last = items.at(-1);
    const nextCursor = records.length > most && last ? cursorAfter(last.seq, filter) : null;
    return { items, nextCursor, closedThrough };
  }

  /**
   * The record of one event; `undefined` if there is none (yet).
   * @param id the event's id, a UUID
   */
  async get(id: string): Promise<AuditRecord | undefined> {
    const conditions = conditionsOf({});
    conditions.add((parameter) => `id = ${parameter}`, checkedUuid(id, 'id'));
    return (await this.select(conditions, 'LIMIT 1'))[0];
  }

  /** Every record that was in the log when the call was made, oldest first, in the order of `seq`. */
  async *stream(filter: AuditFilter = {}): AsyncIterable<AuditRecord> {
    const { seq: last } = await this.head();
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
    return (await this.head()).seq;
  }

  /** Up to 1,000 records behind `after`, up to and including `last`, in the order of `seq`. */
  async after(after: string, last: string, filter: AuditFilter = {}, limit = streamedAtOnce): Promise<AuditRecord[]> {
    const conditions = this.conditions(filter);
    conditions.add((parameter) => `seq > ${parameter}`, after);
    conditions.add((parameter) => `seq <= ${parameter}`, last);
    return this.select(conditions, `ORDER BY seq LIMIT ${limit}`);
  }

  /** The moment up to which the log will never change. */
  async closedThrough(): Promise<string> {
    return (await this.head()).closedThrough;
  }

  private conditions(filter: AuditFilter): Conditions {
    return conditionsOf(checkedFilter(filter, this.keys));
  }

  private async head(): Promise<Head> {
    const [row] = await this.dataSource.query<Head[]>(head);
    if (!row) throw new Error('audit_head is empty; it must hold its one row. Restore it from a backup.');
    return row;
  }

  private async select(conditions: Conditions, tail: string): Promise<AuditRecord[]> {
    const sql = `SELECT ${recordColumns} FROM audit_record WHERE ${String(conditions)} ${tail}`;
    const rows = await this.dataSource.query<AuditRecord[]>(sql, conditions.parameters);
    return rows.map((row) => Object.freeze(row));
  }
}
