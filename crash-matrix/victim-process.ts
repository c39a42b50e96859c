import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { extname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Order, Word } from './orders';

type Said = Word['said'];
type WordOf<S extends Said> = Extract<Word, { said: S }>;

/** The victim ended, or said nothing in time. */
export class NoAnswerError extends Error {}

export interface VictimOptions {
  /** What node needs to run our files; nothing for compiled ones. */
  readonly nodeOptions: readonly string[];
  /** A file descriptor for what the victim prints. */
  readonly log: number;
}

/** The app, in a process of its own. */
export class VictimProcess {
  readonly ended: Promise<NodeJS.Signals | number | null>;
  private readonly child: ChildProcess;
  private readonly words: Word[] = [];
  private heard: (() => void) | undefined;
  private isOver = false;

  constructor({ nodeOptions, log }: VictimOptions) {
    const entry = join(__dirname, 'victim', `main${extname(__filename)}`);
    this.child = fork(entry, { execArgv: [...nodeOptions], stdio: ['ignore', log, log, 'ipc'] });
    this.child.on('message', (word) => {
      this.words.push(word as Word);
      this.heard?.();
    });
    this.child.on('error', () => undefined); // a message to one who has died
    this.ended = once(this.child, 'exit').then(([code, signal]: unknown[]) => {
      this.isOver = true;
      this.heard?.();
      return (signal ?? code) as NodeJS.Signals | number | null;
    });
  }

  order(order: Order): void {
    if (this.child.connected) this.child.send(order);
  }

  /**
   * The next word of this kind, after which earlier ones are forgotten.
   * @throws NoAnswerError if it has not come when the time is up, or can no longer come
   */
  async hear<S extends Said>(said: S, limit: number): Promise<WordOf<S>> {
    const end = performance.now() + limit;
    for (;;) {
      const at = this.words.findIndex((word) => word.said === said);
      if (at >= 0) return this.words.splice(0, at + 1).at(-1) as WordOf<S>;
      if (this.isOver) throw new NoAnswerError(`the app ended without saying "${said}"`);
      const left = end - performance.now();
      if (left <= 0) throw new NoAnswerError(`the app did not say "${said}" in time`);
      await this.next(left);
    }
  }

  /** How it ended; `undefined` if it is alive when the time is up. */
  async end(limit: number): Promise<NodeJS.Signals | number | null | undefined> {
    const expired = new AbortController();
    try {
      return await Promise.race([this.ended, pause(limit, undefined, { signal: expired.signal })]);
    } finally {
      expired.abort();
    }
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    if (!this.isOver) this.child.kill('SIGKILL');
    await this.ended;
  }

  private next(limit: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limit);
      this.heard = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
