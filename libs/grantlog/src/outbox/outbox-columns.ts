import type { AuditEvent } from '../contract/audit-event';
import type { OutboxEntry } from '../contract/outbox-batch';
import { utc } from '../contract/utc';

/** The columns of an outbox row, named as the fields of the event they are. */
export const outboxColumns = `
  outbox_id::text AS "outboxId", xid::text AS xid,
  id, type, operation, outcome, ${utc('occurred_at')} AS "occurredAt", actor, subject, role, scope, reason,
  operation_id AS "operationId", request_id AS "requestId", source_ip AS "sourceIp", user_agent AS "userAgent", details`;

/** An outbox row as the database answers it. */
export type OutboxRow<Event extends AuditEvent = AuditEvent> = Omit<OutboxEntry, 'event'> & Event;

/** Takes the row apart: the event, frozen, and its place in the outbox. What tells of the claim is neither. */
export function entryOf<Event extends AuditEvent>(row: OutboxRow<Event> & { claim?: string }): OutboxEntry<Event> {
  const { outboxId, xid, claim: _, ...event } = row;
  return { outboxId, xid, event: Object.freeze(event) as unknown as Event };
}
