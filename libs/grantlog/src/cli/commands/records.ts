import type { AuditQuery } from '../../trail/audit-query';
import { recordItem, type RecordItem } from '../../trail/record-item';
import { exitCodes } from '../exit-codes';
import { recordFilterOf, withRecordFilters } from '../record-filters';
import type { AddsCommand } from '../session';
import { wholeNumber } from '../settings';
import { table } from '../table';

/** `grantlog records`: a page of the log, newest first. */
export const records: AddsCommand = (program, run) => {
  withRecordFilters(program.command('records').description('lists records of the audit log, newest first'))
    .option('--limit <count>', 'how many: 1 to 200. Default: 50', wholeNumber)
    .option('--cursor <cursor>', 'nextCursor of the page before, with the same filters')
    .action(
      run<AuditQuery>(async ({ trail, keys, output }, options) => {
        const { limit, cursor } = options;
        const page = await trail.find({ ...recordFilterOf(options), limit, cursor });
        const items = page.items.map((record) => recordItem(record, keys));
        const { nextCursor, closedThrough } = page;
        await output.show({ items, nextCursor, closedThrough }, () => text(items, nextCursor));
        return exitCodes.fine;
      }),
    );
};

const titles = ['seq', 'recorded at', 'event', 'outcome', 'actor', 'subject', 'role', 'scope', 'reason'];

function text(items: readonly RecordItem[], nextCursor: string | null): string {
  const rows = items.map((item) => [
    ...[item.seq, item.recordedAt, item.type, item.outcome],
    ...[item.actor, item.subject, item.role, item.scope, item.reason],
  ]);
  return table(titles, rows) + (nextCursor === null ? '' : `\n\nMore: --cursor ${nextCursor}`);
}
