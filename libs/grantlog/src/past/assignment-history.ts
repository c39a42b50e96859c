import type { DataSource } from 'typeorm';
import type { AuditRecord } from '../contract/audit-record';
import { InvalidInputError } from '../contract/grantlog.error';
import { objectOf } from '../contract/known-fields';
import type { KeySyntax } from '../contract/namespaced-key';
import { cursorAfter, keyOfCursor } from '../contract/page-cursor';
import { pageLimit } from '../contract/page-limit';
import type { RoleAssignment } from '../contract/role-assignment';
import type { ReadOptions } from '../contract/visible-scopes';
import { query } from '../database/query';
import { LogHead } from '../trail/log-head';
import { recordColumns } from '../trail/record-columns';
import { checkedPastFilter } from './checked-past-filter';
import { IntervalFinder } from './interval-search';
import type { AssignmentInterval, HistoryPage, HistoryQuery, PastFilter } from './past-query';

/** What a cursor of these pages belongs to. */
const list = 'role-assignments-history';

interface Row extends Required<RoleAssignment> {
  readonly fromSeq: string;
  readonly toSeq: string | null;
}

const columns = `
  SELECT page.from_seq::text AS "fromSeq", page.to_seq::text AS "toSeq", page.subject, page.role, page.scope FROM page`;

const records = `SELECT ${recordColumns} FROM audit_record WHERE audit_record.seq = ANY ($1::bigint[])`;

/** Tells from when to when somebody had a role, and by whose doing, from the log alone. */
export class AssignmentHistory {
  private readonly head: LogHead;
  private readonly finder: IntervalFinder;

  constructor(
    private readonly dataSource: DataSource,
    private readonly keys: KeySyntax,
  ) {
    this.head = new LogHead(dataSource);
    this.finder = new IntervalFinder(dataSource, keys);
  }

  /**
   * Newest beginning first.
   * @throws InvalidInputError if neither subject, role nor scope is given, for a limit outside 1 to 200, or a cursor of another query
   */
  async page(asked: HistoryQuery, { visible = 'all' }: ReadOptions = {}): Promise<HistoryPage> {
    const { limit, cursor, ...given } = objectOf(asked);
    const most = pageLimit(limit);
    const filter = ofSomething(checkedPastFilter(given, this.keys));
    const before = cursor === undefined ? undefined : keyOfCursor(cursor, list, filter);
    const { closedThrough } = await this.head.read(); // before the page: what it calls closed must be on it
    const rows = await this.finder.find<Row>({ filter, visible, before, limit: most + 1 }, columns);
    const shown = rows.slice(0, most);
    const last = shown.at(-1);
    return {
      items: await this.told(shown),
      nextCursor: rows.length > most && last ? cursorAfter(last.fromSeq, list, filter) : null,
      closedThrough,
    };
  }

  /** Each with the records of its beginning and its end, which are there for good. */
  private async told(rows: readonly Row[]): Promise<AssignmentInterval[]> {
    const seqs = rows.flatMap(({ fromSeq, toSeq }) => (toSeq === null ? [fromSeq] : [fromSeq, toSeq]));
    const found = await query<AuditRecord>(this.dataSource, records, [seqs]);
    const bySeq = new Map(found.map((record) => [record.seq, Object.freeze(record)]));
    return rows.map(({ fromSeq, toSeq, subject, role, scope }) => ({
      subject,
      role,
      scope,
      granted: fromSeq === toSeq ? null : (bySeq.get(fromSeq) ?? null),
      ended: toSeq === null ? null : (bySeq.get(toSeq) ?? null),
    }));
  }
}

function ofSomething(filter: PastFilter): PastFilter {
  const { subject, role, scope } = filter;
  if (subject !== undefined || role !== undefined || scope !== undefined) return filter;
  throw new InvalidInputError('subject', 'is missing; give at least one of subject, role and scope');
}
