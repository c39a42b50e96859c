import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** An event that is committed and waits to be recorded. */
@Entity({ name: 'audit_outbox', synchronize: false })
export class AuditOutboxEntity {
  @PrimaryGeneratedColumn('identity', { name: 'outbox_id', type: 'bigint' })
  outboxId!: string;

  @Column({ type: 'uuid' })
  id!: string;

  @Column({ type: 'text' })
  type!: string;

  @Column({ type: 'text' })
  subject!: string;

  @Column({ name: 'occurred_at', type: 'timestamptz', precision: 6 })
  occurredAt!: Date;
}
