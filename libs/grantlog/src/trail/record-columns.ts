import { utc } from '../contract/utc';

/**
 * The columns of a record, named as its fields, in the order in which they are shown. `seq` is text here: to order by it,
 * write `audit_record.seq`.
 */
export const recordColumns = `
  seq::text AS seq, id, type, operation, outcome, ${utc('occurred_at')} AS "occurredAt",
  ${utc('recorded_at')} AS "recordedAt", actor, subject, role, scope, reason, request_id AS "requestId",
  operation_id AS "operationId", source_ip AS "sourceIp", user_agent AS "userAgent", details`;
