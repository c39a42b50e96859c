import { adoptRules } from '../../grantlog-migrations-for';
import { counted } from '../../migrations/adoption-progress';
import { exitCodes } from '../exit-codes';
import type { AddsCommand } from '../session';
import { modelOption, type ModelOptions } from '../settings';

/** `grantlog adopt`: takes over what was written to casbin_rule past Grantlog. */
export const adopt: AddsCommand = (program, run) => {
  program
    .command('adopt')
    .description('folds and records the rules that were written past Grantlog, as created by system^import')
    .addOption(modelOption())
    .action(
      run<ModelOptions>(async ({ dataSource, output, settings }) => {
        const report = await adoptRules(dataSource, { model: settings.model(), separator: settings.separator });
        const { trimmed, folded, recorded } = report;
        await output.show(
          report,
          () =>
            `${counted(recorded, 'rule')} recorded, ${counted(folded, 'double')} folded, ${counted(trimmed, 'row')} trimmed`,
        );
        return exitCodes.fine;
      }),
    );
};
