import { type CanActivate, Controller, type Type, UseFilters, UseGuards } from '@nestjs/common';
import { GrantlogError } from '../contract/grantlog.error';
import { AuditRecordsController } from './audit-records.controller';
import { EnforceController } from './enforce.controller';
import { ExplainController } from './explain.controller';
import { GrantlogErrorFilter } from './grantlog-error.filter';
import { HealthController } from './health.controller';
import { Tagged } from './openapi';
import { ParkedController } from './parked.controller';
import { RoleAssignmentsController } from './role-assignments.controller';

export interface HttpOptions {
  /**
   * Who may call: at least one guard. Handlers say what they need in the metadata GRANTLOG_PERMISSION.
   * To have none is a decision that has to be written down: a guard that answers true.
   */
  readonly guards: readonly (Type<CanActivate> | CanActivate)[];
  /** Default: `authz`. A global prefix of the host comes before it. */
  readonly path?: string;
}

const controllers: readonly [string, Type][] = [
  ['audit-records', AuditRecordsController],
  ['role-assignments', RoleAssignmentsController],
  ['enforce', EnforceController],
  ['explain', ExplainController],
  ['parked', ParkedController],
  ['health', HealthController],
];

/**
 * The controllers, behind the host's guards and under its path. A new class each time: Nest keeps path and guards as
 * metadata of the class, and two apps in one process may differ in them.
 * @throws GrantlogError if no guard is given
 */
export function mountedControllers({ guards, path = 'authz' }: HttpOptions): Type[] {
  if (!Array.isArray(guards) || guards.length === 0) {
    throw new GrantlogError(
      'INVALID_INPUT',
      'http.guards: must name at least one guard; the endpoints are never mounted open',
    );
  }
  return controllers.map(([segment, base]) => {
    const mounted = { [base.name]: class extends base {} }[base.name] as Type;
    Tagged('Grantlog')(mounted);
    UseGuards(...(guards as (Type<CanActivate> | CanActivate)[]))(mounted);
    UseFilters(GrantlogErrorFilter)(mounted);
    Controller(`${path}/${segment}`)(mounted);
    return mounted;
  });
}
