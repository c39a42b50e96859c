import type { DataSource } from 'typeorm';
import { query } from '../database/query';
import type { AuditRecord } from '../contract/audit-record';
import { objectOf } from '../contract/known-fields';
import { moment } from '../contract/moment';
import type { KeySyntax } from '../contract/namespaced-key';
import { cursorAfter, keyOfCursor } from '../contract/page-cursor';
import { pageLimit } from '../contract/page-limit';
import { checkedVisible, type ReadOptions, visibleSql } from '../contract/visible-scopes';
import { recordScope } from './audit-conditions';
import { AuditExport, type ExportOptions } from './audit-export';
import { AuditHistogram } from './audit-histogram';
import type { AuditFilter, AuditPage, AuditQuery } from './audit-query';
import { checkedFilter, checkedUuid } from './checked-filter';
import { writerOf } from './export-format';
import type { Histogram, HistogramQuery } from './histogram-query';
import { KeysInUse } from './keys-in-use';
import { endOfTime, LogHead } from './log-head';
import { recordColumns } from './record-columns';
import { RecordSearch } from './record-search';
import type { KeySuggestion, NamespacesInUse, SuggestionQuery } from './suggestion-query';

const streamedAtOnce = 1_000;

/** What a cursor of these pages belongs to. */
const list = 'audit-records';

/** The append-only log of what was done, and its queries. Each can be narrowed to what somebody may see. */
export class AuditTrail {
  private readonly head: LogHead;
  private readonly search: RecordSearch;
  private readonly counts: AuditHistogram;
  private readonly inUse: KeysInUse;

  constructor(
    private readonly dataSource: DataSource,
    private readonly keys: KeySyntax,
  ) {
    this.head = new LogHead(dataSource);
    this.search = new RecordSearch(dataSource, keys);
    this.counts = new AuditHistogram(dataSource, keys);
    this.inUse = new KeysInUse(dataSource, keys);
  }

  /**
   * A page of records, newest first. Pages are stable: records appended meanwhile come before the first one. A cursor belongs to its
   * query; what is visible may be something else on the next page.
   * @throws InvalidInputError for a limit outside 1 to 200, a malformed time, or a cursor of another query
   */
  async find(query: AuditQuery = {}, { visible = 'all' }: ReadOptions = {}): Promise<AuditPage> {
    const { limit, cursor, ...given } = objectOf(query);
    const most = pageLimit(limit);
    const filter = checkedFilter(given, this.keys);
    const before = cursor === undefined ? undefined : keyOfCursor(cursor, list, filter);
    const { closedThrough } = await this.head.read(); // before the page: what it calls closed must be on it
    const records = await this.search.find({
      filter,
      visible,
      direction: 'DESC',
      limit: most + 1,
      bounded: (conditions) => (before === undefined ? conditions : conditions.before(before)),
    });
    const items = records.slice(0, most);
    const last = items.at(-1);
    const nextCursor = records.length > most && last ? cursorAfter(last.seq, list, filter) : null;
    return { items, nextCursor, closedThrough };
  }

  /**
   * How many records there are in each hour, day or month. What would take too long to count is `null` rather than a guess: of records that
   * one key alone leads to, the newest 1,000,000 are counted; of others those among the newest 200,000 where they lie. Without a filter all are.
   * @throws InvalidInputError for a malformed filter, an unknown time zone, or more than 750 buckets
   */
  histogram(query: HistogramQuery = {}, options: ReadOptions = {}): Promise<Histogram> {
    return this.counts.of(query, options);
  }

  /**
   * The namespaces of the keys in the log, up to 100 for each field. Of subjects, roles and actors, somebody who does not see everything is told
   * those of the newest 500 records that they may see. Where more than 1,000 keys have no namespace, some may be missing.
   */
  namespaces(options: ReadOptions = {}): Promise<NamespacesInUse> {
    return this.inUse.namespaces(options);
  }

  /**
   * Keys in the log that begin with a word, for whoever types one: never one without a record that they may see. Where most of the log is hidden
   * from them it may miss some whose records are long ago.
   * @throws InvalidInputError for a word that no key can begin with, an unknown field, or a limit outside 1 to 50
   */
  suggestions(query: SuggestionQuery, options: ReadOptions = {}): Promise<KeySuggestion[]> {
    return this.inUse.suggestions(query, options);
  }

  /**
   * The record of one event; `undefined` if there is none (yet), or none that is visible.
   * @param id the event's id, a UUID
   */
  async get(id: string, { visible = 'all' }: ReadOptions = {}): Promise<AuditRecord | undefined> {
    const parameters: unknown[] = [checkedUuid(id, 'id')];
    const seen = visibleSql(visible, recordScope, (value) => `$${parameters.push(value)}`) ?? 'true';
    const sql = `SELECT ${recordColumns} FROM audit_record WHERE id = $1 AND ${seen} LIMIT 1`;
    const [record] = await query<AuditRecord>(this.dataSource, sql, parameters);
    return record && Object.freeze(record);
  }

  /** Every record that was in the log when the call was made, oldest first, in the order of `seq`. */
  async *stream(filter: AuditFilter = {}, options: ReadOptions = {}): AsyncIterable<AuditRecord> {
    const { seq: last } = await this.head.read();
    for await (const records of this.batches(last, filter, options)) yield* records;
  }

  /**
   * The records up to `closedThrough` as text, oldest first, for files. It closes the log up to the end of the window, or up to now, unless
   * events are waiting to be recorded.
   * @throws InvalidInputError for a malformed filter or format
   */
  async export(
    filter: AuditFilter = {},
    { format = 'ndjson', visible = 'all' }: ExportOptions = {},
  ): Promise<AuditExport> {
    checkedVisible(visible);
    const { to } = checkedFilter(objectOf(filter), this.keys);
    writerOf(format);
    const { seq, closedThrough } = await this.head.closedAt(to === undefined ? endOfTime : moment(to, 'to'));
    const batches = (): AsyncIterable<AuditRecord[]> => this.batches(seq, filter, { visible });
    return new AuditExport({ format, closedThrough, keys: this.keys, batches });
  }

  /** Up to and including `last`. Between two batches no connection is held. */
  private async *batches(last: string, filter: AuditFilter, options: ReadOptions): AsyncGenerator<AuditRecord[]> {
    for (let after: string | undefined = '0'; after !== undefined;) {
      const records = await this.after(after, last, filter, streamedAtOnce, options);
      if (records.length > 0) yield records;
      after = records.length < streamedAtOnce ? undefined : records.at(-1)?.seq;
    }
  }

  /** The last seq given; '0' for an empty log. */
  async lastSeq(): Promise<string> {
    return (await this.head.read()).seq;
  }

  /** Up to 1,000 records behind `after`, up to and including `last`, in the order of `seq`. */
  async after(
    after: string,
    last: string,
    filter: AuditFilter = {},
    limit = streamedAtOnce,
    { visible = 'all' }: ReadOptions = {},
  ): Promise<AuditRecord[]> {
    return this.search.find({
      filter: checkedFilter(filter, this.keys),
      visible,
      direction: 'ASC',
      limit,
      bounded: (conditions) => conditions.after(after).through(last),
    });
  }

  /** The moment up to which the log will never change. */
  async closedThrough(): Promise<string> {
    return (await this.head.read()).closedThrough;
  }
}
