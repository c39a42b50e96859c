import type { AuditRecord } from '../contract/audit-record';

/** Where a follower takes records to. */
export interface Destination {
  readonly name: string;
  /** MUST reject if the record was not taken, and MUST settle within the follower's time limit. */
  deliver(record: AuditRecord): Promise<void>;
}
