import { type CanActivate, type DynamicModule, Module, type Type } from '@nestjs/common';
import type { Enforcer } from 'casbin';
import { GrantlogModule, InvalidInputError } from '../index';
import type { AuthZModuleOptions } from './authz-module.options';
import { AuthZGuard } from './authz.guard';
import { AuthZManagementService, AuthZRBACService, AuthZService } from './authz.services';
import { HOST_ENFORCER, HostEnforcerModule } from './host-enforcer.module';

const offered = [AuthZGuard, AuthZService, AuthZRBACService, AuthZManagementService];

/**
 * nest-authz's module on Grantlog: the same options, tokens, guard and services, where AUTHZ_ENFORCER is the audited enforcer. It
 * imports GrantlogModule, so that RoleAssignments, AuditTrail and the others can be injected, too. Global.
 */
@Module({})
export class AuthZModule {
  /** @throws InvalidInputError if the options do not say which enforcer, or would open Grantlog's endpoints to everybody */
  static register<T = unknown>(options: AuthZModuleOptions<T>): DynamicModule {
    const { enablePossession = true, grantlog: { http, ...grantlog } = {}, imports = [] } = options;
    const host = HostEnforcerModule.of({ ...options, enablePossession });
    const audited = GrantlogModule.forRootAsync({
      http,
      imports: [host, ...imports],
      inject: [HOST_ENFORCER],
      useFactory: (enforcer: Enforcer) => ({ ...grantlog, enforcer }),
    });
    if (http?.guards.some(asksForNothing)) {
      throw new InvalidInputError(
        'grantlog.http.guards',
        'must not hold AuthZGuard, which lets everybody through where @UsePermissions names nothing, as on these endpoints; ' +
          'give a guard that reads GRANTLOG_PERMISSION',
      );
    }
    return {
      module: AuthZModule,
      global: true,
      imports: [host, audited, ...imports],
      providers: offered,
      exports: [host, audited, ...offered],
    };
  }
}

/** Whether it is AuthZGuard, or a subclass that decides as AuthZGuard does. */
function asksForNothing(guard: Type<CanActivate> | CanActivate): boolean {
  const methods = typeof guard === 'function' ? (guard.prototype as CanActivate) : guard;
  return Reflect.get(methods, 'canActivate') === Reflect.get(AuthZGuard.prototype, 'canActivate');
}
