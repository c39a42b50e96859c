import { InvalidInputError } from '../../contract/grantlog.error';
import { withDisplays } from '../../past/interval-item';
import { PastAssignments } from '../../past/past-assignments';
import type { HistoryQuery } from '../../past/past-query';
import { assignmentFilterOf, withAssignmentFilters } from '../assignment-filters';
import { exitCodes } from '../exit-codes';
import type { AddsCommand } from '../session';
import { table } from '../table';
import { UsageError } from '../usage.error';

/** `grantlog as-of <time>`: a page of the assignments that were in force, newest first. */
export const asOf: AddsCommand = (program, run) => {
  withAssignmentFilters(
    program.command('as-of <time>').description('lists the role assignments that were in force at a moment; ISO 8601'),
  ).action(
    run<HistoryQuery>(async ({ dataSource, keys, output }, options, time = '') => {
      const { limit, cursor } = options;
      const past = new PastAssignments(dataSource, keys);
      const page = await past
        .page({ ...assignmentFilterOf(options), asOf: time, limit, cursor })
        .catch((error: unknown) => {
          throw inWordsOf(error);
        });
      const items = page.items.map((item) => withDisplays(item, keys));
      await output.show({ ...page, items }, () => {
        const rows = items.map((item) => [item.subject, item.role, item.scope, item.grantedBy, item.grantedAt]);
        const more = page.nextCursor === null ? '' : `\n\nMore: --cursor ${page.nextCursor}`;
        return table(['subject', 'role', 'scope', 'granted by', 'granted at'], rows) + more;
      });
      return exitCodes.fine;
    }),
  );
};

/** Whoever typed the time did not call it by the name of a field. */
function inWordsOf(error: unknown): unknown {
  const named = error instanceof InvalidInputError && error.field === 'asOf';
  return named ? new UsageError(error.message.replace(error.field, '<time>')) : error;
}
