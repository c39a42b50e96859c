import { type DatabaseHealth, databaseHealth } from '../../health/database-health';
import { exitCodes } from '../exit-codes';
import type { AddsCommand } from '../session';
import { list, table } from '../table';

/** `grantlog health`: what the database tells of the apps that use it. */
export const health: AddsCommand = (program, run) => {
  program
    .command('health')
    .description('says whether changes reach the log and the listeners, and ends with 3 if something is red')
    .action(
      run<object>(async ({ dataSource, output }) => {
        const report = await databaseHealth(dataSource);
        await output.show(report, () => text(report));
        return report.status === 'red' ? exitCodes.finding : exitCodes.fine;
      }),
    );
};

function text({
  status,
  problems,
  outbox,
  followers,
  parked,
  appendOnly,
  adopted,
  closedThrough,
}: DatabaseHealth): string {
  const { depth, oldestAgeSeconds } = outbox;
  const summary = list({
    status,
    outbox: oldestAgeSeconds === null ? 'empty' : `${depth} waiting, the oldest for ${oldestAgeSeconds} s`,
    parked,
    'append-only': [appendOnly.state, appendOnly.reasons.join('; ')].filter(Boolean).join(': '),
    adopted: adopted ? 'yes' : 'no',
    'closed through': closedThrough,
  });
  const rows = followers.map(({ name, seq, lag, lastError }) => [name, seq, lag, lastError]);
  return [
    summary,
    ...(rows.length > 0 ? [table(['follower', 'seq', 'lag', 'last error'], rows)] : []),
    ...(problems.length > 0 ? [problems.map((problem) => `- ${problem}`).join('\n')] : []),
  ].join('\n\n');
}
