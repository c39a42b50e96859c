import {
  type BeforeApplicationShutdown,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { AttemptLog } from './attempts/attempt-log';
import type { OwnConnection } from './database/own-connection';
import type { MemorySweep } from './memory/memory-sweep';
import type { Followers } from './followers/followers';
import { CommitHints } from './outbox/commit-hints.subscriber';
import type { CommitSignal } from './outbox/commit-signal';
import type { OutboxRelay } from './outbox/outbox-relay';
import { appendOnlyReport } from './trail/append-only';

/** Milliseconds that recording may take when the app closes. */
const patience = 5_000;
/** Milliseconds that listeners may take: more than their time limit by default. */
const patienceWithListeners = 12_000;

export interface LifecycleParts {
  readonly dataSource: DataSource;
  readonly signal: CommitSignal;
  readonly connection: OwnConnection;
  readonly memory: MemorySweep;
  readonly relay: OutboxRelay;
  readonly attempts: AttemptLog | null;
  readonly followers: Followers;
  /** Resolves when the host's listeners are attached: what is delivered before would reach nobody. */
  readonly listenersReady: () => Promise<void>;
}

/** Starts what runs in the background, and ends it without leaving work that could be done. */
export class GrantlogLifecycle
  implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  private readonly log = new Logger('Grantlog');
  private readonly hints: CommitHints;
  private following: Promise<void> | undefined;
  private stopped = false;
  /** Whether recording answered when the app began to close; if not, it is not waited for again. */
  private drained = false;

  constructor(private readonly parts: LifecycleParts) {
    this.hints = new CommitHints(parts.signal);
  }

  async onModuleInit(): Promise<void> {
    const { dataSource, signal, connection, memory, relay, followers } = this.parts;
    this.hints.install(dataSource);
    signal.onCommit(() => relay.wake());
    signal.onCommit((inMemory) => {
      if (!inMemory) memory.wake();
    });
    signal.onRecorded((xids) => {
      followers.wake();
      memory.hear(xids);
      connection.tellOthers();
    });
    connection.onWord((lost) => {
      if (lost) memory.mistrust();
      memory.wake();
      followers.wake();
    });
    relay.start();
    this.parts.attempts?.start();
    await this.reportAppendOnly();
  }

  onApplicationBootstrap(): void {
    this.following = this.follow();
  }

  /** The server may still answer requests: what they change is recorded by the second drain. */
  async beforeApplicationShutdown(): Promise<void> {
    const { relay, memory, followers } = this.parts;
    relay.expectEnd();
    memory.expectEnd();
    this.parts.attempts?.expectEnd();
    await this.following;
    await this.patiently(followers.stop(), patienceWithListeners, 'Listeners will go on where they stood');
    this.drained = await this.drain();
  }

  /** The host's DataSource may be closed before or after this hook, as its modules happen to lie. */
  async onApplicationShutdown(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    if (this.drained && this.parts.dataSource.isInitialized) this.drained = await this.drain();
    const { relay, memory, attempts } = this.parts;
    const sweeps = Promise.all([relay.stop(), memory.stop(), attempts?.stop()]);
    if (this.drained) await this.patiently(sweeps, patience, 'The last rounds were not waited for');
    await this.parts.connection.end();
    this.hints.uninstall(this.parts.dataSource);
  }

  private async drain(): Promise<boolean> {
    const { attempts } = this.parts;
    if (attempts)
      await this.patiently(attempts.written(), patience, 'Attempts that are not written yet leave no record');
    return this.patiently(
      this.parts.relay.drained(),
      patience,
      'What is in the outbox will be recorded after the next start',
    );
  }

  /** A database that is gone or locked must not keep the process from ending: nothing is lost by going. */
  private async patiently(work: Promise<unknown>, limit: number, otherwise: string): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const impatience = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no end within ${limit} ms`)), limit);
    });
    try {
      await Promise.race([work, impatience]);
      return true;
    } catch (error) {
      this.log.warn(`${otherwise}: ${String(error)}`);
      return false;
    } finally {
      clearTimeout(timer);
    }
  }

  private async follow(): Promise<void> {
    try {
      await this.parts.listenersReady();
      this.parts.followers.start();
    } catch (error) {
      this.log.error(`Listeners will hear nothing from this process: ${String(error)}`);
    }
  }

  private async reportAppendOnly(): Promise<void> {
    const { state, reasons, statements } = await appendOnlyReport(this.parts.dataSource);
    if (state === 'enforced') this.log.log('The audit log is append-only: enforced.');
    else
      this.log.warn(
        `The audit log is append-only: bypassable, because ${reasons.join('; ')}.\n${statements.join(';\n')}`,
      );
  }
}
