import { setTimeout as pause } from 'node:timers/promises';
import { Acts } from './acts';
import type { Host } from './host';
import type { Notes } from './notes';

const callers = 8;
/** What callers wait after a failure, so that a database that is away is not asked without end. */
const patience = 15;

/** Callers that act at the same time, one act after the other, whatever fails. */
export class Load {
  private left = Infinity;
  private readonly running: Promise<unknown>;

  constructor(host: Host, notes: Notes, name: string) {
    const acts = new Acts(host, notes, name);
    this.running = Promise.all([this.clear(acts), ...Array.from({ length: callers }, () => this.act(acts))]);
  }

  /** Ends when `acts` more of them have succeeded. */
  async end(acts: number): Promise<void> {
    this.left = acts;
    await this.running;
  }

  /** What cannot be cleared now can be when the next load begins. */
  private async clear(acts: Acts): Promise<void> {
    await acts.clear().catch(() => undefined);
  }

  private async act(acts: Acts): Promise<void> {
    while (this.left > 0) {
      const act = acts.all[Math.floor(Math.random() * acts.all.length)];
      try {
        await act?.();
        this.left -= 1;
      } catch {
        await pause(patience); // neither acknowledged nor refused: the judge takes what the table says
      }
    }
  }
}
