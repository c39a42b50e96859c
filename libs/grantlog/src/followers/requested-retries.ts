import type { DataSource } from 'typeorm';
import { tellNodes } from '../database/own-connection';
import { query } from '../database/query';
import type { AuditTrail } from '../trail/audit-trail';
import type { Destination } from './destination';
import { messageOf } from './message-of';
import { ParkedRecordNotFoundError, ParkedRecords } from './parked-records';

/**
 * The request is taken back before the delivery begins: a record that kills the process kills it once, and stays parked. The same goes
 * for a process that dies of something else then: whoever wants it delivered has to ask again.
 */
const take = `
  UPDATE audit_parked SET retry_requested_at = NULL
  WHERE id = (SELECT id FROM audit_parked WHERE follower = $1 AND retry_requested_at IS NOT NULL
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
  RETURNING id::text AS id, (SELECT record.id FROM audit_record AS record WHERE record.seq = audit_parked.seq) AS "eventId"`;

const request = `UPDATE audit_parked SET retry_requested_at = clock_timestamp() WHERE id = $1 RETURNING 1`;

/** Deliveries of parked records that somebody without listeners has asked for: the follower's own process makes them. */
export class RequestedRetries {
  private readonly parked: ParkedRecords;

  constructor(
    private readonly dataSource: DataSource,
    private readonly trail: AuditTrail,
  ) {
    this.parked = new ParkedRecords(dataSource);
  }

  /**
   * Asks whoever follows to deliver a parked record once more; without one at work, it is done when one is started.
   * @throws ParkedRecordNotFoundError
   */
  async request(id: string): Promise<void> {
    await this.parked.get(id);
    if ((await query(this.dataSource, request, [id])).length === 0) throw new ParkedRecordNotFoundError(id);
    await tellNodes(this.dataSource);
  }

  /** Makes the delivery that was asked for first. The lease MUST be held. */
  async deliverNext(destination: Destination): Promise<void> {
    const [asked] = await query<{ id: string; eventId: string }>(this.dataSource, take, [destination.name]);
    const record = asked && (await this.trail.get(asked.eventId));
    if (!record) return; // delivered meanwhile, from the HTTP surface
    try {
      await destination.deliver(record);
    } catch (error) {
      return this.parked.refusedAgain(asked.id, messageOf(error));
    }
    await this.parked.taken(asked.id);
  }
}
