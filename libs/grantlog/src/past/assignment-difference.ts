import type { DataSource } from 'typeorm';
import type { AuditRecord } from '../contract/audit-record';
import { InvalidInputError } from '../contract/grantlog.error';
import { objectOf } from '../contract/known-fields';
import { isAfter, moment } from '../contract/moment';
import { anyScope, type KeySyntax } from '../contract/namespaced-key';
import { cursorAfter, keyOfCursor } from '../contract/page-cursor';
import { pageLimit } from '../contract/page-limit';
import { checkedVisible, type ReadOptions, type VisibleScopes } from '../contract/visible-scopes';
import { query } from '../database/query';
import { endOfTime, LogHead } from '../trail/log-head';
import { RecordSearch } from '../trail/record-search';
import { checkedPastFilter } from './checked-past-filter';
import type { AssignmentChange, DifferencePage, DifferenceQuery } from './difference-query';
import { lastingChanges } from './lasting-changes.sql';
import type { PastFilter } from './past-query';

/** What a cursor of these pages belongs to. */
const list = 'role-assignments-difference';

/** Where the page before ended, and the later moment: left out, it would be another one on each page. */
const place = /^(\d{1,18})@(\d{4}-[-:.\dT]{1,22}Z)$/;

/** How many records a page looks at, first and at most: each change undone in the window is looked at, too. */
const firstLook = 200;
const mostAtOnce = 2_000;
const mostLookedAt = 20_000;

/** From the record after `fromSeq` on to that of `toSeq`. */
interface Window {
  readonly from: string;
  readonly to: string;
  readonly fromSeq: string;
  readonly toSeq: string;
}

interface Looking {
  readonly filter: PastFilter;
  readonly visible: VisibleScopes;
  readonly window: Window;
  readonly wanted: number;
}

/** What was found on the way down the log; `before` is where to go on, `undefined` at the end. */
interface Found {
  readonly changes: readonly AssignmentChange[];
  readonly before: string | undefined;
}

/** Tells which assignments differ between two moments, from the log alone. */
export class AssignmentDifference {
  private readonly head: LogHead;
  private readonly search: RecordSearch;

  constructor(
    private readonly dataSource: DataSource,
    private readonly keys: KeySyntax,
  ) {
    this.head = new LogHead(dataSource);
    this.search = new RecordSearch(dataSource, keys);
  }

  /**
   * Newest change first. What was taken away and given again between, or given and taken away, is no difference.
   * @throws InvalidInputError for a moment of which the log cannot tell (yet), one after the other, a limit outside 1 to 200, or a cursor of
   *   another query
   */
  async page(asked: DifferenceQuery, { visible = 'all' }: ReadOptions = {}): Promise<DifferencePage> {
    const { limit, cursor, from, to, ...given } = objectOf(asked);
    const wanted = pageLimit(limit);
    const filter = checkedPastFilter(given, this.keys);
    const belongsTo = { ...filter, from: moment(from, 'from'), to: to === undefined ? to : moment(to, 'to') };
    const [, before, until] =
      cursor === undefined ? [] : (place.exec(keyOfCursor(cursor, list, belongsTo, place)) ?? []);
    const window = await this.window(belongsTo.from, until ?? belongsTo.to);
    const looking = { filter, visible: checkedVisible(visible), window, wanted };
    const { changes, before: next } = await this.down(looking, before);
    return {
      items: changes,
      nextCursor: next === undefined ? null : cursorAfter(`${next}@${window.to}`, list, belongsTo),
      from: window.from,
      to: window.to,
    };
  }

  private async window(from: string, to: string | undefined): Promise<Window> {
    if (to !== undefined) {
      inOrder(from, to);
      return { from, to, fromSeq: await this.head.seqAsOf(from, 'from'), toSeq: await this.head.seqAsOf(to, 'to') };
    }
    const { seq, closedThrough } = await this.head.closedAt(endOfTime);
    const fromSeq = await this.head.seqAsOf(from, 'from');
    inOrder(from, closedThrough);
    return { from, to: closedThrough, fromSeq, toSeq: seq };
  }

  /** Looks at ever more records, until there are enough changes among them, or it has looked at many. */
  private async down({ filter, visible, window, wanted }: Looking, start: string | undefined): Promise<Found> {
    const changes: AssignmentChange[] = [];
    let before = start;
    for (let [looked, limit] = [0, firstLook]; looked < mostLookedAt; limit = Math.min(limit * 2, mostAtOnce)) {
      const records = await this.search.find({
        filter,
        visible,
        direction: 'DESC',
        limit,
        bounded: (all) => (before === undefined ? all : all.before(before)).after(window.fromSeq).through(window.toSeq),
      });
      changes.push(...(await this.lasting(records, window)));
      looked += limit;
      const isEnd = records.length < limit;
      if (changes.length > wanted || (isEnd && changes.length === wanted)) {
        const shown = changes.slice(0, wanted);
        return { changes: shown, before: changes.length > wanted ? shown.at(-1)?.record.seq : undefined };
      }
      if (isEnd) return { changes, before: undefined };
      before = records.at(-1)?.seq;
    }
    return { changes, before };
  }

  /** Those that make a difference, in the same order. */
  private async lasting(records: readonly AuditRecord[], { fromSeq, toSeq }: Window): Promise<AssignmentChange[]> {
    const candidates = records.filter(
      ({ type, outcome }) => type.startsWith('role_assignment.') && outcome === 'success',
    );
    if (candidates.length === 0) return [];
    const parameters = [candidates.map(({ seq }) => seq), fromSeq, toSeq];
    const rows = await query<{ seq: string }>(this.dataSource, lastingChanges, parameters);
    const lasting = new Set(rows.map(({ seq }) => seq));
    return candidates.filter(({ seq }) => lasting.has(seq)).map(changeOf);
  }
}

function inOrder(from: string, to: string): void {
  if (isAfter(from, to)) throw new InvalidInputError('from', `must not be after to; got ${from} and ${to}`);
}

function changeOf(record: AuditRecord): AssignmentChange {
  const { operation, subject, role, scope } = record;
  const change = operation === 'created' ? 'created' : 'deleted';
  return { change, subject, role: role ?? '', scope: scope ?? anyScope, record };
}
