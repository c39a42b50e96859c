import { Injectable, Logger } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import type { AuditRecord } from 'grantlog';

/** A host's own listener: hears of every recorded role change, in order. */
@Injectable()
export class RoleChangeListener {
  private readonly log = new Logger('Demo');

  @OnEvent('role_assignment.*', { suppressErrors: false })
  roleChanged({ type, subject, role, scope, actor, seq }: AuditRecord): void {
    this.log.log(`${type} #${seq}: ${subject} ${role ?? ''} in ${scope ?? ''} by ${actor ?? 'system'}`);
  }
}
