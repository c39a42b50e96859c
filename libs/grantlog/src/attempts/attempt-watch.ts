import { type EntityManager, QueryFailedError } from 'typeorm';
import { MissingActorError, type Attributor } from '../context/attributor';
import type { Attribution } from '../contract/attribution';
import type { AttemptError } from '../contract/audit-event';
import { endOf, GrantlogError } from '../contract/grantlog.error';
import type { RuleEntry } from '../contract/outbox-batch';
import { isLostConnection, OutcomeUnknownError } from '../database/lost-connection';
import { answerOf } from './answer-of';
import { attemptErrorOf } from './attempt-error';
import { attemptEvents, type AttemptOutcome } from './attempt-events';
import type { AttemptLog } from './attempt-log';
import type { Attempted } from './attempted-rules';

export interface AttemptWatchParts {
  readonly attributor: Attributor;
  readonly log: AttemptLog;
  /** The manager of the ambient transaction. */
  readonly ambient: () => EntityManager | undefined;
}

/** How a call may have been made. */
interface CallOptions {
  readonly reason?: unknown;
  readonly manager?: EntityManager;
}

/** Sees to it that a call that changes nothing, because it is refused or fails, leaves its record. */
export class AttemptWatch {
  constructor(private readonly parts: AttemptWatchParts) {}

  /**
   * Runs a call. MUST be called before the first `await` of it, while the caller's context is the current one.
   * @param tried is asked if it fails
   * @throws what the call throws; a GrantlogError names the operation under which the attempt is recorded
   */
  async watch<T>(tried: () => Attempted, options: CallOptions | undefined, call: () => Promise<T>): Promise<T> {
    const attribution = this.parts.attributor.attempted(options?.reason);
    try {
      return await call();
    } catch (error) {
      if (answerOf(() => this.mayHaveHappened(error, options?.manager))) throw error;
      const outcome = answerOf(() => error instanceof MissingActorError) ? 'denied' : 'failed';
      const operationId = this.record(outcome, tried(), attribution, attemptErrorOf(error));
      throw answerOf(() => endNamed(operationId, error)) ?? error;
    }
  }

  /**
   * Records an attempt of the present context.
   * @returns the operation under which it is recorded; `undefined` if there was no room for it
   */
  leave(outcome: AttemptOutcome, tried: Attempted, error: AttemptError, reason?: unknown): string | undefined {
    return this.record(outcome, tried, this.parts.attributor.attempted(reason), error);
  }

  /** Changes in a caller's transaction: should it be rolled back, they leave a record. */
  follow(entries: readonly RuleEntry[]): void {
    this.parts.log.follow(entries);
  }

  private record(
    outcome: AttemptOutcome,
    tried: Attempted,
    attribution: Attribution,
    error: AttemptError,
  ): string | undefined {
    const isKept = this.parts.log.add(attemptEvents(outcome, tried, attribution, error));
    return isKept ? attribution.operationId : undefined;
  }

  /** A transaction whose connection is lost before it commits is rolled back; without one the statement may have been committed. */
  private mayHaveHappened(error: unknown, given: EntityManager | undefined): boolean {
    if (error instanceof OutcomeUnknownError) return true;
    if (!(error instanceof QueryFailedError) || !isLostConnection(error)) return false;
    const manager = given ?? this.parts.ambient();
    return manager?.queryRunner?.isTransactionActive !== true;
  }
}

/** `undefined` if the error names no operation. */
function endNamed(operationId: string | undefined, error: unknown): GrantlogError | undefined {
  return operationId !== undefined && error instanceof GrantlogError ? endOf(operationId, error) : undefined;
}
