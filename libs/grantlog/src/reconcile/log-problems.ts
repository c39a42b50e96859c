import type { Send } from '../database/own-transaction';
import { counted } from '../migrations/adoption-progress';
import { strayFollowing } from '../migrations/interval-tables.sql';
import type { LogProblem } from './finding';
import { alongTheLog, differingBlocks, differingIntervals, triggersOff, uniqueRule } from './log-problems.sql';

interface Log {
  readonly head: string;
  readonly headAt: string;
  readonly last: string;
  readonly lastAt: string | null;
  /** Whether the head is earlier than the last record. */
  readonly behind: boolean;
  readonly missing: number;
  readonly afterGap: string | null;
  readonly backwards: number;
  readonly firstBackwards: string | null;
}

const tampered =
  'somebody has switched the triggers of audit_record off: compare with what was exported, or with a backup';

/** What is wrong with the log, the head and the intervals, in the transaction that `send` belongs to. */
export async function findProblems(send: Send): Promise<LogProblem[]> {
  const [unique] = await send<{ there: boolean }>({ text: uniqueRule });
  const off = await send<{ name: string }>({ text: triggersOff });
  const stray = await send<{ schema: string; setting: string }>({ text: strayFollowing });
  const [log] = await send<Log>({ text: alongTheLog });
  return [
    ...(unique?.there ? [] : [lostUniqueRule]),
    ...off.map(({ name }) => switchedOff(name)),
    ...stray.map(lookingElsewhere),
    ...(log ? problemsOf(log) : [lostHead]),
    ...(await findInIntervals(send)),
  ];
}

async function findInIntervals(send: Send): Promise<LogProblem[]> {
  const [intervals] = await send<{ intervals: number; first: string | null }>({ text: differingIntervals });
  const [blocks] = await send<{ blocks: number }>({ text: differingBlocks });
  return [...(intervals?.intervals ? [differing(intervals)] : []), ...(blocks?.blocks ? [differingIn(blocks)] : [])];
}

const lostUniqueRule: LogProblem = {
  code: 'unique-rule',
  problem: 'the unique index casbin_rule_unique is missing, so that the table may hold a rule twice',
  remedy: 'grantlog adopt, or adoptRules(dataSource)',
};

const lostHead: LogProblem = {
  code: 'head',
  problem: 'audit_head is empty; it must hold its one row, and nothing is recorded without it',
  remedy: 'restore it from a backup',
};

function switchedOff(name: string): LogProblem {
  const remedy =
    name === 'audit_record_intervals'
      ? 'grantlog rebuild'
      : 'switch it on as the statements of appendOnlyReport(dataSource) say, and find out who switched it off';
  return { code: 'trigger', problem: `the trigger ${name} is missing, or not ENABLE ALWAYS`, remedy };
}

function lookingElsewhere({ schema, setting }: { schema: string; setting: string }): LogProblem {
  const problem = `audit_record is in the schema ${schema}, while audit_interval_follow() has ${setting}: nothing can be recorded`;
  return { code: 'trigger', problem, remedy: 'grantlog rebuild' };
}

function problemsOf(log: Log): LogProblem[] {
  const problems: LogProblem[] = [];
  if (log.missing > 0) {
    const problem = `the log lacks ${counted(log.missing, 'record')}, the first one before seq ${log.afterGap ?? log.last}`;
    problems.push({ code: 'seq', problem, remedy: tampered });
  }
  if (log.backwards > 0) {
    const problem = `recordedAt goes back at ${counted(log.backwards, 'record')}, the first time at seq ${log.firstBackwards}`;
    problems.push({ code: 'recorded-at', problem, remedy: tampered });
  }
  if (log.head !== log.last || log.behind) {
    const problem = `audit_head says seq ${log.head} at ${log.headAt}, and the last record is seq ${log.last} at ${log.lastAt ?? 'no time'}`;
    problems.push({ code: 'head', problem, remedy: tampered });
  }
  return problems;
}

function differing({ intervals, first }: { intervals: number; first: string | null }): LogProblem {
  const problem = `audit_interval differs from the log in ${counted(intervals, 'interval')}, the first one from seq ${first}`;
  return { code: 'intervals', problem, remedy: 'grantlog rebuild' };
}

function differingIn({ blocks }: { blocks: number }): LogProblem {
  const problem = `audit_interval_block differs from audit_interval in ${counted(blocks, 'block')}`;
  return { code: 'intervals', problem, remedy: 'grantlog rebuild' };
}
