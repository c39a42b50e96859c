import { counted } from '../../migrations/adoption-progress';
import { rebuildIntervals } from '../../migrations/rebuilding';
import { exitCodes } from '../exit-codes';
import type { AddsCommand } from '../session';

/** `grantlog rebuild`: what the past is read from, anew from the log. */
export const rebuild: AddsCommand = (program, run) => {
  program
    .command('rebuild')
    .description('derives audit_interval, from which the past is read, anew from the log')
    .action(
      run(async ({ dataSource, output, progress }) => {
        progress('comparing audit_interval with the log; changes go on, and are recorded afterwards');
        const report = await rebuildIntervals(dataSource);
        await output.show(report, () => textOf(report.mended));
        return exitCodes.fine;
      }),
    );
};

function textOf(mended: number | null): string {
  if (mended === null) return 'audit_interval was missing, and is made from the log';
  return mended === 0 ? 'audit_interval was as the log tells' : `${counted(mended, 'row')} of audit_interval mended`;
}
