import type { DataSource } from 'typeorm';
import { uuidV7 } from '../contract/uuid-v7';
import { query } from '../database/query';

/** Where a follower stands, as its row says. */
export interface FollowerPlace {
  /** Everything up to here has been delivered or parked. */
  readonly seq: string;
  /** Attempts, counted before they begin, to deliver the next record. */
  readonly attempts: number;
  /** Whether the pause after the last failure is over. */
  readonly due: boolean;
  /** Whether somebody has asked for a parked record to be delivered once more. */
  readonly asked: boolean;
}

const enrol = `INSERT INTO audit_follower (name, seq) SELECT $1, seq FROM audit_head ON CONFLICT (name) DO NOTHING`;

const take = `
  UPDATE audit_follower SET lease_holder = $2, lease_until = clock_timestamp() + $3 * interval '1 ms'
  WHERE name = $1 AND (lease_holder = $2 OR lease_until < clock_timestamp())
  RETURNING seq::text AS seq, attempts, next_attempt_at <= clock_timestamp() AS due,
    EXISTS (SELECT FROM audit_parked WHERE follower = $1 AND retry_requested_at IS NOT NULL) AS asked`;

/** Every write names the holder, so that one who has lost the lease changes nothing, and renews the lease. */
const update = (assignments: string): string => `
  UPDATE audit_follower SET ${assignments}, lease_until = clock_timestamp() + $3 * interval '1 ms'
  WHERE name = $1 AND lease_holder = $2 RETURNING name`;

const advanceTo = update(`seq = $4, attempts = $5, last_error = NULL, next_attempt_at = clock_timestamp()`);
/** In one statement with the cursor: who has lost the lease parks nothing, and who dies has parked and moved on, or neither. */
const park = `
  WITH moved AS (${update('seq = $4, attempts = $5, next_attempt_at = clock_timestamp()')})
  INSERT INTO audit_parked (follower, seq, attempts, last_error) SELECT name, $4, $6, $7 FROM moved
  ON CONFLICT (follower, seq) DO UPDATE SET attempts = excluded.attempts, last_error = excluded.last_error
  RETURNING follower`;
const countAttempt = update('attempts = $4');
const postpone = update(`last_error = $4, next_attempt_at = clock_timestamp() + $5 * interval '1 ms'`);
const release = `UPDATE audit_follower SET lease_until = '-infinity' WHERE name = $1 AND lease_holder = $2`;

/** Another node delivers now. What this one did since may be repeated there: followers deliver at least once. */
export class LeaseLost extends Error {}

/**
 * The durable cursor of a follower, and the right to move it: one node of the cluster has it at a time, and another takes
 * over when it has not been renewed for its length.
 */
export class FollowerLease {
  private readonly holder = uuidV7();

  constructor(
    private readonly dataSource: DataSource,
    private readonly name: string,
    /** Length of the lease in milliseconds. MUST be longer than one delivery may take. */
    private readonly length: number,
  ) {}

  /** Makes the follower known; a new one starts behind what is in the log now. */
  async enrol(): Promise<void> {
    await query(this.dataSource, enrol, [this.name]);
  }

  /** Takes or renews the lease; `undefined` while another node has it. */
  async take(): Promise<FollowerPlace | undefined> {
    const [place] = await query<FollowerPlace>(this.dataSource, take, [this.name, this.holder, this.length]);
    return place;
  }

  /** @param nextAttempts 1 if the attempt on the next record begins right away, else 0 */
  advance(seq: string, nextAttempts: 0 | 1): Promise<void> {
    return this.write(advanceTo, [seq, nextAttempts]);
  }

  /** Parks the record and moves on. */
  park(seq: string, nextAttempts: 0 | 1, attempts: number, error: string): Promise<void> {
    return this.write(park, [seq, nextAttempts, attempts, error]);
  }

  countAttempt(attempts: number): Promise<void> {
    return this.write(countAttempt, [attempts]);
  }

  postpone(error: string, milliseconds: number): Promise<void> {
    return this.write(postpone, [error, milliseconds]);
  }

  async release(): Promise<void> {
    await query(this.dataSource, release, [this.name, this.holder]);
  }

  private async write(sql: string, values: readonly unknown[]): Promise<void> {
    const rows = await query(this.dataSource, sql, [this.name, this.holder, this.length, ...values]);
    if (rows.length === 0) throw new LeaseLost(`Another node delivers for ${this.name} now.`);
  }
}
