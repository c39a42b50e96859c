import { InvalidArgumentError } from 'commander';
import { grantlogMigrationsFor } from '../../grantlog-migrations-for';
import { connected, dataSourceOf } from '../connection';
import { exitCodes } from '../exit-codes';
import type { AddsCommand } from '../session';
import { modelOption, type ModelOptions } from '../settings';

interface Options extends ModelOptions {
  readonly migrationsTable?: string;
}

/** `grantlog migrate`: runs the migrations that are missing, and nothing else of the host's. */
export const migrate: AddsCommand = (program, run) => {
  program
    .command('migrate')
    .description(
      "makes and updates Grantlog's tables, and adopts a casbin_rule that is there already; give the model to have the scopes of policies recorded",
    )
    .addOption(modelOption())
    .option('--migrations-table <name>', "the DataSource's option migrationsTableName. Default: migrations", tableName)
    .action(
      run<Options>(async ({ output, settings, terminal }, { migrationsTable }) => {
        const migrations = grantlogMigrationsFor({ model: settings.model(), separator: settings.separator });
        const dataSource = dataSourceOf(terminal, { migrations, migrationsTableName: migrationsTable });
        const run = await connected(dataSource, () => dataSource.runMigrations({ transaction: 'all' }));
        const names = run.map(({ name }) => name);
        await output.show({ run: names }, () => (names.length > 0 ? `run: ${names.join(', ')}` : 'nothing to do'));
        return exitCodes.fine;
      }),
    );
};

/** TypeORM puts it between quotes as it is. */
function tableName(value: string): string {
  if (value !== '' && !/["\0]/.test(value)) return value;
  throw new InvalidArgumentError('must be the name of a table, without quotes.');
}
