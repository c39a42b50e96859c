import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { AuditDetails, AuditEventType, AuditOperation, AuditOutcome } from '../contract/audit-event';

/**
 * The log, for hosts that read it through a repository or a query builder. Times come as Date there, cut to milliseconds:
 * order and page by `seq`, or use AuditTrail.
 */
@Entity({ name: 'audit_record', synchronize: false })
export class AuditRecordEntity {
  @PrimaryColumn({ type: 'bigint' })
  seq!: string;

  @Column({ type: 'uuid' })
  id!: string;

  @Column({ type: 'text' })
  type!: AuditEventType;

  @Column({ type: 'text' })
  operation!: AuditOperation;

  @Column({ type: 'text' })
  outcome!: AuditOutcome;

  @Column({ type: 'text' })
  subject!: string;

  @Column({ type: 'text', nullable: true })
  role!: string | null;

  @Column({ type: 'text', nullable: true })
  scope!: string | null;

  @Column({ name: 'scope_namespace', type: 'text', nullable: true })
  scopeNamespace!: string | null;

  @Column({ type: 'text', nullable: true })
  actor!: string | null;

  @Column({ type: 'text', nullable: true })
  reason!: string | null;

  @Column({ name: 'operation_id', type: 'uuid' })
  operationId!: string;

  @Column({ name: 'request_id', type: 'text', nullable: true })
  requestId!: string | null;

  @Column({ name: 'source_ip', type: 'text', nullable: true })
  sourceIp!: string | null;

  @Column({ name: 'user_agent', type: 'text', nullable: true })
  userAgent!: string | null;

  @Column({ name: 'occurred_at', type: 'timestamptz', precision: 6 })
  occurredAt!: Date;

  @Column({ name: 'recorded_at', type: 'timestamptz', precision: 6 })
  recordedAt!: Date;

  @Column({ type: 'jsonb' })
  details!: AuditDetails;
}
