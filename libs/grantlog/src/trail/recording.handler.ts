import type { EventEmitter2 } from 'eventemitter2';
import type { KeySyntax } from '../contract/namespaced-key';
import { batchClaimed, type OutboxBatch } from '../contract/outbox-batch';
import { prepared } from '../database/statement';

/**
 * Appends a batch behind the head, in the order given. The head row stays locked until the transaction ends, so that a seq
 * becomes visible only after all before it, and one that is rolled back is given again: no gaps. The moment of recording
 * always moves forward, even if the clock does not.
 */
const append = prepared(`
  WITH head AS (
    UPDATE audit_head
    SET seq = seq + $2, recorded_at = greatest(clock_timestamp(), recorded_at + interval '1 microsecond')
    RETURNING seq - $2 AS before, recorded_at),
  appended AS (
  INSERT INTO audit_record (seq, id, type, operation, outcome, subject, role, scope, scope_namespace, actor, reason,
    operation_id, request_id, source_ip, user_agent, occurred_at, recorded_at, details, outbox_id, xid)
  SELECT head.before + place, id, type, operation, outcome, subject, role, scope, "scopeNamespace", actor, reason,
    "operationId", "requestId", "sourceIp", "userAgent", "occurredAt", head.recorded_at, details, "outboxId", xid
  FROM head, ROWS FROM (json_to_recordset($1) AS (id uuid, type text, operation text, outcome text, subject text, role text,
    scope text, "scopeNamespace" text, actor text, reason text, "operationId" uuid, "requestId" text, "sourceIp" text,
    "userAgent" text, "occurredAt" timestamptz, details jsonb, "outboxId" bigint, xid xid8)) WITH ORDINALITY AS entry(
    id, type, operation, outcome, subject, role, scope, "scopeNamespace", actor, reason, "operationId", "requestId",
    "sourceIp", "userAgent", "occurredAt", details, "outboxId", xid, place)
    RETURNING seq)
  SELECT count(*)::int AS appended FROM appended`);

/** Appends what the relay claims to the log, and settles it, in the relay's transaction. */
export class RecordingHandler {
  constructor(private readonly keys: KeySyntax) {}

  subscribe(emitter: EventEmitter2): void {
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- the relay emits by emitAsync, which waits for it
    emitter.on(batchClaimed, (batch: OutboxBatch) => this.record(batch));
  }

  private async record(batch: OutboxBatch): Promise<void> {
    const rows = batch.entries.map(({ outboxId, xid, event }) => ({
      ...event,
      scopeNamespace: event.scope === null ? null : this.keys.namespaceOf(event.scope),
      outboxId,
      xid,
    }));
    const [answer] = await batch.send<{ appended: number }>(append, [JSON.stringify(rows), rows.length]);
    if (answer?.appended !== rows.length) {
      throw new Error('audit_head is empty; it must hold its one row. Restore it from a backup.');
    }
    batch.settle();
  }
}
