import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { RuleEvent } from '../contract/audit-event';
import type { RuleEntry } from '../contract/outbox-batch';
import { autocommit } from '../database/autocommit';
import { OutcomeUnknownError, sqlStateOf } from '../database/lost-connection';
import type { CommitSignal } from '../outbox/commit-signal';
import { Sweep } from '../sweep/sweep';
import { rolledBackEvents } from './attempt-events';
import { insertAttempts, insertMissingAttempts } from './attempt-statements';
import { OpenChanges } from './open-changes';

/** Events of denied and failed calls that are kept in memory until they are written. */
const mostWaiting = 10_000;
/** Events of changes that are kept in memory until their transactions have ended or, rolled back, they are written. A room of their own. */
const mostOpen = 10_000;
/** Events in one statement. */
const mostAtOnce = 500;
/** The part of the time that it takes while attempts keep coming; the longer it rests, the more of them share a statement. */
const mostBusy = 1 / 4;
/** Milliseconds after which it looks by itself whether transactions have ended. It asks nothing if there are none. */
const interval = 1_000;

export interface AttemptsHealth {
  /** Events of attempts that are not written yet. */
  readonly waiting: number;
  /**
   * Events since the start of this process for which there was no room, or which the database refused. They left no record. Of a
   * caller's transaction they are counted when it is rolled back; one that is committed needs no record of that kind.
   */
  readonly dropped: number;
  /** Why those that wait cannot be written; `null` if they can. */
  readonly lastError: string | null;
}

/**
 * Writes the events of attempts into the outbox, in transactions of its own and in the background: an attempt neither waits for its
 * record nor fails with it, and nobody waits for a second connection inside a transaction. What is not written yet is lost with the process.
 */
export class AttemptLog {
  private readonly log = new Logger('Grantlog');
  private readonly sweep: Sweep;
  private readonly open: OpenChanges;
  /** Of calls that were denied or failed. */
  private readonly waiting: RuleEvent[] = [];
  /** Of changes that were rolled back. */
  private readonly takenBack: RuleEvent[] = [];
  /** How many of them are written at once. One by one after the database has refused some, to find out which. */
  private batch = mostAtOnce;
  private mayBeWritten = false;
  /** What there is no room for, and has been said to be. */
  private readonly full = new Set<'waiting' | 'open'>();
  private dropped = 0;
  private lastError: string | null = null;

  constructor(
    private readonly dataSource: DataSource,
    private readonly signal: CommitSignal,
  ) {
    this.open = new OpenChanges(dataSource);
    this.sweep = new Sweep({
      step: () => this.step(),
      interval,
      mostBusy,
      onFailure: (error, failures) => this.failed(error, failures),
    });
  }

  start(): void {
    this.signal.onCommit((inMemory) => {
      if (!inMemory && this.open.size > 0) this.sweep.wake();
    });
    this.signal.onRollback(() => this.sweep.wake());
    this.sweep.start();
  }

  expectEnd(): void {
    this.sweep.expectEnd();
  }

  stop(): Promise<void> {
    return this.sweep.stop();
  }

  /** Resolves when all attempts before the call are in the outbox; rejects if they cannot be written now. */
  written(): Promise<void> {
    return this.sweep.now();
  }

  /** @returns whether there was room for them */
  add(events: readonly RuleEvent[]): boolean {
    if (this.waiting.length + events.length > mostWaiting) {
      this.drop(events.length);
      this.sayFull('waiting', `More than ${mostWaiting} attempts wait; what comes now leaves no record.`);
      return false;
    }
    this.waiting.push(...events);
    this.sweep.wake();
    return true;
  }

  /** Changes of one statement in a caller's transaction: should it be rolled back, they were an attempt. */
  follow(entries: readonly RuleEntry[]): void {
    if (this.open.add(entries, mostOpen - this.takenBack.length)) return;
    this.sayFull(
      'open',
      `More than ${mostOpen} changes are in open transactions; of the largest one the latest leave no record if it is rolled back.`,
    );
  }

  health(): AttemptsHealth {
    const waiting = this.waiting.length + this.takenBack.length;
    return { waiting, dropped: this.dropped, lastError: this.lastError };
  }

  private sayFull(room: 'waiting' | 'open', message: string): void {
    if (!this.full.has(room)) this.log.error(message);
    this.full.add(room);
  }

  private async step(): Promise<void> {
    await this.writeAll(); // first: to ask about transactions may take longer
    this.drop(await this.open.judge((events, total) => this.takenBack.push(...rolledBackEvents(events, total))));
    await this.writeAll();
    this.batch = mostAtOnce;
    this.lastError = null;
    this.full.delete('waiting');
    if (this.open.size === 0) this.full.delete('open');
  }

  private async writeAll(): Promise<void> {
    for (const queue of [this.takenBack, this.waiting]) {
      while (queue.length > 0) await this.write(queue);
    }
  }

  private async write(queue: RuleEvent[]): Promise<void> {
    const events = queue.slice(0, this.batch);
    const text = this.mayBeWritten ? insertMissingAttempts : insertAttempts;
    try {
      await autocommit(this.dataSource, { text }, [JSON.stringify(events)]);
    } catch (error) {
      this.mayBeWritten ||= error instanceof OutcomeUnknownError;
      if (!isRefusedForItsData(error)) throw error;
      this.refused(queue, events, error);
      return;
    }
    this.mayBeWritten = false;
    queue.splice(0, events.length);
    this.signal.give(true);
  }

  /** One that the database will never take must not hold up those behind it. */
  private refused(queue: RuleEvent[], events: readonly RuleEvent[], error: unknown): void {
    this.batch = 1;
    if (events.length > 1) return;
    queue.shift();
    this.drop(1);
    this.log.error(`An attempt could not be recorded, because the database refuses it: ${String(error)}`);
  }

  private drop(events: number): void {
    this.dropped += events;
  }

  private failed(error: unknown, failures: number): void {
    this.lastError = String(error);
    if (failures === 1) this.log.error(`Attempts cannot be recorded, which will be tried again: ${String(error)}`);
  }
}

/** Classes 22 and 23: data that cannot be stored, or breaks a constraint that somebody has added. */
function isRefusedForItsData(error: unknown): boolean {
  return /^2[23]/.test(sqlStateOf(error) ?? '');
}
