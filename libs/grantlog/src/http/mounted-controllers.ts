import { type CanActivate, Controller, type Provider, type Type, UseFilters, UseGuards } from '@nestjs/common';
import { GrantlogError } from '../contract/grantlog.error';
import { AuditRecordsController } from './audit-records.controller';
import { CONSOLE_FILES, ConsoleController } from './console.controller';
import { ConsoleFiles } from './console-files';
import { checkedConsole, type ConsoleOptions } from './console-options';
import { EnforceController } from './enforce.controller';
import { ExplainController } from './explain.controller';
import { GrantlogErrorFilter } from './grantlog-error.filter';
import { HealthController } from './health.controller';
import { Tagged, Undescribed } from './openapi';
import { ParkedController } from './parked.controller';
import { RoleAssignmentsController } from './role-assignments.controller';
import { ViewerController } from './viewer.controller';

export interface HttpOptions {
  /**
   * Who may call: at least one guard. Handlers say what they need in the metadata GRANTLOG_PERMISSION.
   * To have none is a decision that has to be written down: a guard that answers true.
   */
  readonly guards: readonly (Type<CanActivate> | CanActivate)[];
  /** Default: `authz`. A global prefix of the host comes before it. */
  readonly path?: string;
  /** The web console, under `<path>/console/`: `true`, or how it knows who is signed in. Default: `false` */
  readonly console?: boolean | ConsoleOptions;
}

const controllers: readonly [string, Type][] = [
  ['audit-records', AuditRecordsController],
  ['role-assignments', RoleAssignmentsController],
  ['enforce', EnforceController],
  ['explain', ExplainController],
  ['parked', ParkedController],
  ['health', HealthController],
  ['viewer', ViewerController],
];

/**
 * The controllers, behind the host's guards and under its path. A new class each time: Nest keeps path and guards as
 * metadata of the class, and two apps in one process may differ in them. The console's carries no data and has no guards.
 * @throws GrantlogError if no guard is given
 */
export function mountedControllers({ guards, path = 'authz', console: shown = false }: HttpOptions): Type[] {
  if (!Array.isArray(guards) || guards.length === 0) {
    throw new GrantlogError(
      'INVALID_INPUT',
      'http.guards: must name at least one guard; the endpoints are never mounted open',
    );
  }
  const guarded = controllers.map(([segment, base]) => {
    const mounted = mountedAt(`${path}/${segment}`, base);
    Tagged('Grantlog')(mounted);
    UseGuards(...(guards as (Type<CanActivate> | CanActivate)[]))(mounted);
    UseFilters(GrantlogErrorFilter)(mounted);
    return mounted;
  });
  return shown ? [...guarded, mountedConsole(`${path}/console`)] : guarded;
}

/**
 * What the console's controller needs.
 * @throws GrantlogError if an option is wrong, or the console has not been built
 */
export function consoleProviders({ console: shown = false }: HttpOptions): Provider[] {
  if (!shown) return [];
  const options = checkedConsole(shown === true ? {} : shown);
  return [{ provide: CONSOLE_FILES, useValue: ConsoleFiles.read(options) }];
}

function mountedConsole(path: string): Type {
  const mounted = mountedAt(path, ConsoleController);
  Undescribed()(mounted);
  return mounted;
}

function mountedAt(path: string, base: Type): Type {
  const mounted = { [base.name]: class extends base {} }[base.name] as Type;
  Controller(path)(mounted);
  return mounted;
}
