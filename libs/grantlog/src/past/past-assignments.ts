import type { DataSource } from 'typeorm';
import { objectOf } from '../contract/known-fields';
import { moment } from '../contract/moment';
import type { KeySyntax } from '../contract/namespaced-key';
import { cursorAfter, keyOfCursor } from '../contract/page-cursor';
import { pageLimit } from '../contract/page-limit';
import { utc } from '../contract/utc';
import type { ReadOptions, VisibleScopes } from '../contract/visible-scopes';
import { LogHead } from '../trail/log-head';
import { checkedPastFilter } from './checked-past-filter';
import { IntervalFinder } from './interval-search';
import type { PastAssignment, PastFilter, PastPage } from './past-query';

/** What a cursor of these pages belongs to. */
const list = 'role-assignments-as-of';

const atOnce = 1_000;

/** A page of the past: the filter, and where the page begins. */
export interface PastQuery extends PastFilter {
  readonly asOf: string;
  readonly limit?: number;
  readonly cursor?: string;
}

interface Row extends PastAssignment {
  readonly fromSeq: string;
}

/** Columns of what holds, with the record that granted it. */
const columns = `
  SELECT page.from_seq::text AS "fromSeq", page.subject, page.role, page.scope, record.actor AS "grantedBy",
    ${utc('record.recorded_at')} AS "grantedAt"
  FROM page JOIN audit_record AS record ON record.seq = page.from_seq`;

/** Tells which assignments were in force at a moment, from the log alone. */
export class PastAssignments {
  private readonly head: LogHead;
  private readonly finder: IntervalFinder;

  constructor(
    dataSource: DataSource,
    private readonly keys: KeySyntax,
  ) {
    this.head = new LogHead(dataSource);
    this.finder = new IntervalFinder(dataSource, keys);
  }

  /**
   * Newest first. All pages are of the same moment, whatever is recorded meanwhile.
   * @throws InvalidInputError for a moment of which the log cannot tell (yet), a limit outside 1 to 200, or a cursor of another query
   */
  async page(query: PastQuery, { visible = 'all' }: ReadOptions = {}): Promise<PastPage> {
    const { limit, cursor, asOf, ...given } = objectOf(query);
    const most = pageLimit(limit);
    const filter = checkedPastFilter(given, this.keys);
    const wanted = moment(asOf, 'asOf');
    const belongsTo = { ...filter, asOf: wanted };
    const before = cursor === undefined ? undefined : keyOfCursor(cursor, list, belongsTo);
    const seq = await this.head.seqAsOf(wanted);
    const rows = await this.find({ filter, visible, seq, before, limit: most + 1 });
    const items = rows.slice(0, most);
    const last = items.at(-1);
    return {
      items: items.map(itemOf),
      nextCursor: rows.length > most && last ? cursorAfter(last.fromSeq, list, belongsTo) : null,
      asOf: wanted,
      seq,
    };
  }

  /** All of them, newest first. */
  async all(
    query: PastFilter & { readonly asOf: string },
    { visible = 'all' }: ReadOptions = {},
  ): Promise<PastAssignment[]> {
    const { asOf, ...given } = objectOf(query);
    const filter = checkedPastFilter(given, this.keys);
    const seq = await this.head.seqAsOf(asOf);
    const all: PastAssignment[] = [];
    for (let before: string | undefined; ;) {
      const rows = await this.find({ filter, visible, seq, before, limit: atOnce });
      all.push(...rows.map(itemOf));
      before = rows.at(-1)?.fromSeq;
      if (rows.length < atOnce) return all;
    }
  }

  private find(search: {
    filter: PastFilter;
    visible: VisibleScopes;
    seq: string;
    before: string | undefined;
    limit: number;
  }): Promise<Row[]> {
    const { seq, ...where } = search;
    return this.finder.find<Row>({ ...where, aliveAt: seq }, columns);
  }
}

function itemOf({ subject, role, scope, grantedBy, grantedAt }: Row): PastAssignment {
  return { subject, role, scope, grantedBy, grantedAt };
}
