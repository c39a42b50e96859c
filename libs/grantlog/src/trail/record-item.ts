import type { AuditRecord } from '../contract/audit-record';
import type { KeySyntax } from '../contract/namespaced-key';

/** A record as the API shows it: with its keys also without their namespace. */
export interface RecordItem extends AuditRecord {
  readonly subjectDisplay: string;
  readonly roleDisplay: string | null;
  readonly scopeDisplay: string | null;
}

/** The order of the fields is part of what an export promises: the same bytes for the same records. */
export function recordItem(record: AuditRecord, keys: KeySyntax): RecordItem {
  return {
    seq: record.seq,
    id: record.id,
    type: record.type,
    operation: record.operation,
    outcome: record.outcome,
    occurredAt: record.occurredAt,
    recordedAt: record.recordedAt,
    actor: record.actor,
    subject: record.subject,
    role: record.role,
    scope: record.scope,
    subjectDisplay: keys.display(record.subject),
    roleDisplay: record.role === null ? null : keys.display(record.role),
    scopeDisplay: record.scope === null ? null : keys.display(record.scope),
    reason: record.reason,
    requestId: record.requestId,
    operationId: record.operationId,
    sourceIp: record.sourceIp,
    userAgent: record.userAgent,
    details: record.details,
  };
}
