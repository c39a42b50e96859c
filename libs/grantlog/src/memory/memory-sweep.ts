import { Logger } from '@nestjs/common';
import { Sweep } from '../sweep/sweep';
import type { CommittedMemory } from './committed-memory';
import type { RuleReader } from './rule-reader';

const interval = 500;

export interface MemoryHealth {
  /** Milliseconds since memory was last known to be equal to the table. */
  readonly behindMs: number;
  readonly lastError: string | null;
}

/** Brings memory up to date: when woken by a commit of this node, and twice a second for the commits of others. */
export class MemorySweep {
  private readonly log = new Logger('Grantlog');
  private readonly sweep: Sweep;
  private reloadWanted = true;
  private caughtUpAt = performance.now();
  private lastError: string | null = null;

  constructor(
    private readonly reader: RuleReader,
    private readonly memory: CommittedMemory,
  ) {
    this.sweep = new Sweep({
      step: () => this.catchUp(),
      interval,
      onFailure: (error, failures) => {
        this.lastError = String(error);
        if (failures === 1) this.log.error(`Memory cannot follow the database, and will keep trying: ${String(error)}`);
      },
    });
  }

  /** Loads the table, then follows it. Rejects if the table cannot be loaded. */
  async start(): Promise<void> {
    await this.catchUp();
    this.sweep.start();
  }

  expectEnd(): void {
    this.sweep.expectEnd();
  }

  stop(): Promise<void> {
    return this.sweep.stop();
  }

  wake(): void {
    this.sweep.wake();
  }

  /** Resolves when memory shows everything that was committed when it was called. */
  caughtUp(): Promise<void> {
    return this.sweep.now();
  }

  /** Reads the whole table again; until it is read, and if it cannot be read, memory stays as it is. */
  reload(): Promise<void> {
    this.reloadWanted = true;
    return this.sweep.now();
  }

  health(): MemoryHealth {
    return { behindMs: Math.round(performance.now() - this.caughtUpAt), lastError: this.lastError };
  }

  private async catchUp(): Promise<void> {
    const from = performance.now();
    const position = this.memory.position;
    if (this.reloadWanted || !position) await this.load();
    else await this.memory.advance(await this.reader.since(position, this.memory.knownBeyond));
    this.caughtUpAt = from;
    this.lastError = null;
  }

  private async load(): Promise<void> {
    this.reloadWanted = false;
    try {
      const { rules, position } = await this.reader.load();
      await this.memory.loaded(rules, position);
    } catch (error) {
      this.reloadWanted = true;
      throw error;
    }
  }
}
