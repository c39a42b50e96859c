import type { AuditRecord } from '../contract/audit-record';
import type { KeySyntax } from '../contract/namespaced-key';

/** A record as the API shows it: with its keys also without their namespace. */
export interface RecordItem extends AuditRecord {
  readonly subjectDisplay: string;
  readonly roleDisplay: string | null;
  readonly scopeDisplay: string | null;
}

export function recordItem(record: AuditRecord, keys: KeySyntax): RecordItem {
  const { reason, requestId, operationId, sourceIp, userAgent, details, ...first } = record;
  return {
    ...first,
    subjectDisplay: keys.display(record.subject),
    roleDisplay: record.role === null ? null : keys.display(record.role),
    scopeDisplay: record.scope === null ? null : keys.display(record.scope),
    reason,
    requestId,
    operationId,
    sourceIp,
    userAgent,
    details,
  };
}
