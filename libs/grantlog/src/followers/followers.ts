import type { DataSource } from 'typeorm';
import type { ReadOptions } from '../contract/visible-scopes';
import { query } from '../database/query';
import type { AuditTrail } from '../trail/audit-trail';
import type { Follower } from './follower';
import { messageOf } from './message-of';
import { type ParkedPage, ParkedRecordNotFoundError, type ParkedRecords } from './parked-records';

export interface FollowerHealth {
  readonly name: string;
  /** Last record delivered or parked. */
  readonly seq: string;
  /** Records between it and the end of the log. */
  readonly lag: number;
  readonly attempts: number;
  readonly lastError: string | null;
  readonly parked: number;
}

const measure = `
  SELECT name, follower.seq::text AS seq, (head.seq - follower.seq)::float8 AS lag, attempts, last_error AS "lastError",
    (SELECT count(*)::int FROM audit_parked WHERE audit_parked.follower = follower.name) AS parked
  FROM audit_follower AS follower, audit_head AS head ORDER BY name`;

/** Where all followers of the cluster stand. */
export function readFollowers(dataSource: DataSource): Promise<FollowerHealth[]> {
  return query(dataSource, measure);
}

/** The followers of this app, and what the whole cluster's followers could not take. */
export class Followers {
  constructor(
    private readonly dataSource: DataSource,
    private readonly trail: AuditTrail,
    private readonly parkedRecords: ParkedRecords,
    private readonly followers: readonly Follower[],
  ) {}

  /** Makes the followers known. MUST come before the first change that they are to hear of. */
  async enrol(): Promise<void> {
    await Promise.all(this.followers.map((follower) => follower.enrol()));
  }

  start(): void {
    for (const follower of this.followers) follower.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.followers.map((follower) => follower.stop()));
  }

  wake(): void {
    for (const follower of this.followers) follower.wake();
  }

  /** Resolves when every follower of this app has tried what it can deliver now. */
  async settled(): Promise<void> {
    await Promise.all(this.followers.map((follower) => follower.settled()));
  }

  health(): Promise<FollowerHealth[]> {
    return readFollowers(this.dataSource);
  }

  parked(query?: { limit?: number; cursor?: string }, options?: ReadOptions): Promise<ParkedPage> {
    return this.parkedRecords.page(query, options);
  }

  /**
   * Delivers a parked record once more, now and from this node.
   * @returns whether it was taken; if not, it stays parked with the new error
   * @throws ParkedRecordNotFoundError
   */
  async retry(id: string, options?: ReadOptions): Promise<{ delivered: boolean; error: string | null }> {
    const { follower: name, eventId } = await this.parkedRecords.get(id, options);
    const follower = this.followers.find(({ destination }) => destination.name === name);
    const record = await this.trail.get(eventId);
    if (!follower || !record) throw new ParkedRecordNotFoundError(id);
    try {
      await follower.destination.deliver(record);
    } catch (error) {
      await this.parkedRecords.refusedAgain(id, messageOf(error));
      return { delivered: false, error: messageOf(error) };
    }
    await this.parkedRecords.taken(id);
    return { delivered: true, error: null };
  }
}
