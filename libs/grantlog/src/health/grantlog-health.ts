import type { DataSource } from 'typeorm';
import type { AttemptLog, AttemptsHealth } from '../attempts/attempt-log';
import type { DecisionFeed, DecisionsHealth } from '../decisions/decision-feed';
import type { MemorySweep } from '../memory/memory-sweep';
import type { MemoryHealth } from '../memory/staleness';
import type { FollowerHealth, Followers } from '../followers/followers';
import { outboxDepth, type OutboxDepth } from '../outbox/outbox-depth';
import type { OutboxRelay, RelayHealth } from '../outbox/outbox-relay';
import { appendOnlyReport, type AppendOnlyReport } from '../trail/append-only';
import type { AuditTrail } from '../trail/audit-trail';
import { followerProblems, outboxProblems } from './problems';

export interface HealthReport {
  /** Red: something is not recorded or memory is stale. Yellow: a follower needs attention, attempts leave no record, or decisions are not told. Green: all is well. */
  readonly status: 'green' | 'yellow' | 'red';
  /** What is wrong, in sentences; empty when green. */
  readonly problems: readonly string[];
  /** `depth` is null when the outbox cannot be read. */
  readonly outbox: { readonly [K in keyof OutboxDepth]: OutboxDepth[K] | null };
  readonly recording: RelayHealth;
  readonly memory: MemoryHealth;
  /** `null` if attempts are not recorded. */
  readonly attempts: AttemptsHealth | null;
  /** `null` if decisions are not told. */
  readonly decisions: DecisionsHealth | null;
  readonly followers: readonly FollowerHealth[];
  /** Records that followers could not take. */
  readonly parked: number;
  readonly appendOnly: AppendOnlyReport;
  readonly closedThrough: string | null;
}

export interface HealthParts {
  readonly dataSource: DataSource;
  readonly relay: OutboxRelay;
  readonly memory: MemorySweep;
  readonly trail: AuditTrail;
  readonly followers: Followers;
  readonly attempts: AttemptLog | null;
  readonly decisions: DecisionFeed | null;
}

/** How well changes reach the log, memory and followers, asked of the database now. */
export class GrantlogHealth {
  constructor(private readonly parts: HealthParts) {}

  /** Answers also when a part cannot be asked: then it is red, and says why. */
  async report(): Promise<HealthReport> {
    const { dataSource, relay, memory, trail } = this.parts;
    const faults: string[] = [];
    const ask = <T, U>(part: string, answer: Promise<T>, otherwise: U): Promise<T | U> =>
      answer.catch((error: unknown) => {
        faults.push(`${part} cannot be read: ${String(error)}`);
        return otherwise;
      });
    const outbox = await ask('The outbox', outboxDepth(dataSource), { depth: null, oldestAgeSeconds: null });
    const followers = await ask('The list of followers', this.parts.followers.health(), []);
    const appendOnly = await ask('The catalog', appendOnlyReport(dataSource), unknownState);
    const closedThrough = await ask('The head of the log', trail.closedThrough(), null);
    const attempts = this.parts.attempts?.health() ?? null;
    const decisions = this.parts.decisions?.health() ?? null;
    const measured = { outbox, followers, recording: relay.health(), memory: memory.health(), attempts, decisions };
    const red = [...faults, ...redProblems(measured)];
    const yellow = [
      ...attemptProblems(attempts),
      ...decisionProblems(decisions),
      ...followers.flatMap(followerProblems),
    ];
    return {
      status: red.length > 0 ? 'red' : yellow.length > 0 ? 'yellow' : 'green',
      problems: [...red, ...yellow],
      ...measured,
      parked: followers.reduce((sum, { parked }) => sum + parked, 0),
      appendOnly,
      closedThrough,
    };
  }
}

const unknownState: AppendOnlyReport = { state: 'bypassable', reasons: ['the catalog cannot be read'], statements: [] };

function redProblems({ outbox, recording, memory }: Pick<HealthReport, 'outbox' | 'recording' | 'memory'>): string[] {
  const problems: string[] = [];
  if (recording.failures > 0)
    problems.push(`Recording has failed ${recording.failures} times in a row: ${recording.lastError}`);
  problems.push(...outboxProblems(outbox));
  if (memory.stale) {
    problems.push(
      `Memory has not followed the database for ${memory.behindMs} ms: ${memory.lastError ?? 'no answer yet'}`,
    );
  }
  return problems;
}

function attemptProblems(attempts: AttemptsHealth | null): string[] {
  const { dropped = 0, waiting = 0, lastError = null } = attempts ?? {};
  return [
    ...(dropped > 0 ? [`${dropped} attempts have left no record since this node was started; its log says why.`] : []),
    ...(lastError === null ? [] : [`${waiting} attempts cannot be recorded yet: ${lastError}`]),
  ];
}

function decisionProblems(decisions: DecisionsHealth | null): string[] {
  const { dropped = 0, failed = 0, lastError = null } = decisions ?? {};
  return [
    ...(dropped > 0 ? [`${dropped} decisions were not told since this node was started: a listener is too slow.`] : []),
    ...(failed > 0 ? [`${failed} decisions were not taken by a listener. Last error: ${lastError}`] : []),
  ];
}
