import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import { connect } from '../database';

/** Between two looks; without it, looking would take the processor from what is looked at. */
const pauseMs = 1;

/**
 * Notes when each seq is first seen from outside, on a connection of its own, which sees committed rows only. The log's own
 * `recorded_at` would flatter: it is taken before the commit and its wait for the disk. This errs the other way: what is noted
 * is the moment when the answer to a look arrives, a pause and a round trip late at worst.
 */
export class HeadWatch {
  private readonly seen: { seq: number; at: number }[] = [];
  private readonly looking: Promise<void>;
  private stopping = false;

  private constructor(private readonly client: Client) {
    this.looking = this.look();
    this.looking.catch(() => undefined); // stop() rejects with it
  }

  static async start(url: string): Promise<HeadWatch> {
    return new HeadWatch(await connect(url));
  }

  /** Looks once more and ends. */
  async stop(): Promise<void> {
    this.stopping = true;
    try {
      await this.looking;
    } finally {
      await this.client.end();
    }
  }

  /** When `seq` was first seen, in the time of performance.now(). */
  seenAt(seq: number): number {
    const first = this.seen.find((look) => look.seq >= seq);
    if (!first) throw new Error(`seq ${seq} was never seen`);
    return first.at;
  }

  private async look(): Promise<void> {
    let last = false;
    while (!last) {
      last = this.stopping;
      const { rows } = await this.client.query<{ seq: string }>('SELECT seq FROM audit_head');
      const seq = Number(rows[0]?.seq);
      if (seq !== this.seen.at(-1)?.seq) this.seen.push({ seq, at: performance.now() });
      await pause(pauseMs);
    }
  }
}
