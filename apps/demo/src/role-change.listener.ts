import { Injectable } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import type { AuditRecord } from 'grantlog';

/** A host's own listener: hears of every recorded role change, in order. */
@Injectable()
export class RoleChangeListener {
  @OnEvent('role_assignment.*', { suppressErrors: false })
  roleChanged({ type, subject, role, scope, actor, seq }: AuditRecord): void {
    if (actor === 'system^import') return; // a hundred lines at the first start would bury what to do next
    process.stdout.write(`${type} #${seq}: ${subject} ${role ?? ''} in ${scope ?? ''} by ${actor ?? 'system'}\n`);
  }
}
