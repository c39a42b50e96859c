import { ParkedRecords, type ParkedPage } from '../../followers/parked-records';
import { RequestedRetries } from '../../followers/requested-retries';
import { exitCodes } from '../exit-codes';
import type { AddsCommand } from '../session';
import { wholeNumber } from '../settings';
import { table } from '../table';

interface PageOptions {
  readonly limit?: number;
  readonly cursor?: string;
}

/** `grantlog parked list` and `grantlog parked retry <id>`: what listeners and sinks could not take. */
export const parked: AddsCommand = (program, run) => {
  const group = program.command('parked').description('records that listeners and sinks could not take');
  group
    .command('list')
    .description('lists them, latest first')
    .option('--limit <count>', 'how many: 1 to 200. Default: 50', wholeNumber)
    .option('--cursor <cursor>', 'nextCursor of the page before')
    .action(
      run<PageOptions>(async ({ dataSource, output }, { limit, cursor }) => {
        const page = await new ParkedRecords(dataSource).page({ limit, cursor });
        await output.show(page, () => text(page));
        return exitCodes.fine;
      }),
    );
  group
    .command('retry <id>')
    .description('asks the running app to deliver one once more; if it is not taken, it stays in the list')
    .action(
      run<object>(async ({ dataSource, trail, output }, _, id = '') => {
        await new RequestedRetries(dataSource, trail).request(id);
        await output.show(
          { id, requested: true },
          () => `asked for; \`grantlog parked list\` shows whether it was taken`,
        );
        return exitCodes.fine;
      }),
    );
};

const titles = ['id', 'follower', 'seq', 'event', 'parked at', 'attempts', 'last error'];

function text({ items, nextCursor }: ParkedPage): string {
  const rows = items.map((item) => [
    ...[item.id, item.follower, item.seq, item.type, item.parkedAt, item.attempts, item.lastError],
  ]);
  return table(titles, rows) + (nextCursor === null ? '' : `\n\nMore: --cursor ${nextCursor}`);
}
