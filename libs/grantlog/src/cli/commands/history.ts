import type { AuditRecord } from '../../contract/audit-record';
import { AssignmentHistory } from '../../past/assignment-history';
import { intervalItem, type IntervalItem } from '../../past/interval-item';
import type { HistoryQuery } from '../../past/past-query';
import { assignmentFilterOf, withAssignmentFilters } from '../assignment-filters';
import { exitCodes } from '../exit-codes';
import type { AddsCommand } from '../session';
import { table } from '../table';

/** `grantlog history`: from when to when roles were assigned, and by whose doing; newest beginning first. */
export const history: AddsCommand = (program, run) => {
  withAssignmentFilters(
    program
      .command('history')
      .description('lists from when to when roles were assigned, by whom and why; needs --subject, --role or --scope'),
  ).action(
    run<HistoryQuery>(async ({ dataSource, keys, output }, options) => {
      const { limit, cursor } = options;
      const intervals = new AssignmentHistory(dataSource, keys);
      const page = await intervals.page({ ...assignmentFilterOf(options), limit, cursor });
      const items = page.items.map((item) => intervalItem(item, keys));
      await output.show({ ...page, items }, () => text(items, page.nextCursor));
      return exitCodes.fine;
    }),
  );
};

const titles = ['subject', 'role', 'scope', 'granted at', 'by', 'reason', 'ended at', 'by', 'reason'];

function text(items: readonly IntervalItem[], nextCursor: string | null): string {
  const rows = items.map(({ subject, role, scope, granted, ended }) => [
    ...[subject, role, scope],
    ...(granted ? doing(granted) : ['(past Grantlog)', null, null]),
    ...ending(ended),
  ]);
  return table(titles, rows) + (nextCursor === null ? '' : `\n\nMore: --cursor ${nextCursor}`);
}

function doing({ recordedAt, actor, reason }: AuditRecord): (string | null)[] {
  return [recordedAt, actor ?? 'system', reason];
}

/** What was created again had been taken away before, and nobody recorded that. */
function ending(ended: AuditRecord | null): (string | null)[] {
  if (!ended) return ['in force', null, null];
  return ended.operation === 'created' ? [`(past Grantlog) before ${ended.recordedAt}`, null, null] : doing(ended);
}
