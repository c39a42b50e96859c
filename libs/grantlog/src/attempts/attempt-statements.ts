const columns = `
  id, type, operation, outcome, subject, role, scope, actor, reason, operation_id, request_id, source_ip, user_agent, occurred_at, details`;

const given = `
  SELECT id, type, operation, outcome, subject, role, scope, actor, reason, "operationId", "requestId", "sourceIp", "userAgent",
    "occurredAt", details
  FROM json_to_recordset($1) AS event(id uuid, type text, operation text, outcome text, subject text, role text, scope text,
    actor text, reason text, "operationId" uuid, "requestId" text, "sourceIp" text, "userAgent" text, "occurredAt" timestamptz,
    details jsonb)`;

/** Puts the events of attempts into the outbox, where they go the way of all events. */
export const insertAttempts = `
  /* Grantlog: attempts, INSERT INTO audit_outbox */
  INSERT INTO audit_outbox (${columns}) ${given}`;

/** The same, without those that are there: after a connection was lost, nobody knows whether they were written. */
export const insertMissingAttempts = `${insertAttempts}
  WHERE NOT EXISTS (SELECT FROM audit_outbox AS waiting WHERE waiting.id = event.id)
    AND NOT EXISTS (SELECT FROM audit_record AS recorded WHERE recorded.id = event.id)`;
