import type { DataSource } from 'typeorm';
import { query } from '../database/query';
import { type FollowerHealth, readFollowers } from '../followers/followers';
import { outboxDepth, type OutboxDepth } from '../outbox/outbox-depth';
import { appendOnlyReport, type AppendOnlyReport } from '../trail/append-only';
import { LogHead } from '../trail/log-head';
import { followerProblems, outboxProblems } from './problems';

/** How well changes reach the log and the followers, as far as the database tells without an app. */
export interface DatabaseHealth {
  /** Red: something is not recorded. Yellow: a follower needs attention. Green: all is well. */
  readonly status: 'green' | 'yellow' | 'red';
  /** What is wrong, in sentences; empty when green. */
  readonly problems: readonly string[];
  readonly outbox: OutboxDepth;
  readonly followers: readonly FollowerHealth[];
  /** Records that followers could not take. */
  readonly parked: number;
  /** For the role that asks, which MUST be the app's for the answer to be about the app. */
  readonly appendOnly: AppendOnlyReport;
  /** Whether every rule of casbin_rule was taken over. */
  readonly adopted: boolean;
  readonly closedThrough: string;
}

const adoption = 'SELECT EXISTS (SELECT FROM audit_adoption WHERE finished_at IS NOT NULL) AS adopted';

export async function databaseHealth(dataSource: DataSource): Promise<DatabaseHealth> {
  const outbox = await outboxDepth(dataSource);
  const followers = await readFollowers(dataSource);
  const appendOnly = await appendOnlyReport(dataSource);
  const { closedThrough } = await new LogHead(dataSource).read();
  const [{ adopted } = { adopted: false }] = await query<{ adopted: boolean }>(dataSource, adoption);
  const unfinished = 'The adoption of casbin_rule has not ended, and no app starts before: run `grantlog adopt`.';
  const red = [...outboxProblems(outbox), ...(adopted ? [] : [unfinished])];
  const yellow = followers.flatMap(followerProblems);
  return {
    status: red.length > 0 ? 'red' : yellow.length > 0 ? 'yellow' : 'green',
    problems: [...red, ...yellow],
    outbox,
    followers,
    parked: followers.reduce((sum, { parked }) => sum + parked, 0),
    appendOnly,
    adopted,
    closedThrough,
  };
}
