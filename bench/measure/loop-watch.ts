import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';

/** Milliseconds between two looks. */
const resolution = 10;

/** Looks how long the event loop is blocked. It sees only what lies between two of its looks, hence the pauses. */
export class LoopWatch {
  private readonly delays = monitorEventLoopDelay({ resolution });

  async start(): Promise<void> {
    this.delays.enable();
    await pause(3 * resolution);
    this.delays.reset();
  }

  /** @returns the longest time in milliseconds between two looks: some ten if nothing was blocked, for nothing is subtracted */
  async stop(): Promise<number> {
    await pause(3 * resolution);
    this.delays.disable();
    return this.delays.max / 1e6;
  }
}
