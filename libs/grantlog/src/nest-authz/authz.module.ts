import { type CanActivate, type DynamicModule, Module, type Type } from '@nestjs/common';
import { Enforcer } from 'casbin';
import { isMadeOf } from '../host-enforcer/casbin-classes';
import { GrantlogModule, InvalidInputError } from '../index';
import type { AuthZModuleOptions } from './authz-module.options';
import { AuthZGuard } from './authz.guard';
import { AuthZManagementService, AuthZRBACService, AuthZService } from './authz.services';
import { copyWith } from './copy-with';
import { HOST_ENFORCER, HostEnforcerModule } from './host-enforcer.module';

const offered = [AuthZGuard, AuthZService, AuthZRBACService, AuthZManagementService];

/**
 * nest-authz's module on Grantlog: the same options, tokens, guard and services, where AUTHZ_ENFORCER is the audited enforcer. It
 * imports GrantlogModule, so that RoleAssignments, AuditTrail and the others can be injected, too. Global: register it once.
 */
@Module({})
export class AuthZModule {
  /** @throws InvalidInputError if the options do not say which enforcer, or would open Grantlog's endpoints to everybody */
  static register<T = unknown>(options: AuthZModuleOptions<T>): DynamicModule {
    const { enablePossession = true, grantlog: { http, ...grantlog } = {}, imports = [] } = options;
    const host = HostEnforcerModule.of(copyWith(options, { enablePossession }));
    const audited = GrantlogModule.forRootAsync({
      http,
      imports: [host, ...imports],
      inject: [HOST_ENFORCER],
      useFactory: (enforcer: unknown) => ({ ...grantlog, enforcer: builtEnforcer(enforcer) }),
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

/** What GrantlogModule would refuse by the name of its own option. */
function builtEnforcer(provided: unknown): Enforcer {
  if (isMadeOf(Enforcer, provided)) return provided;
  throw new InvalidInputError(
    'enforcerProvider',
    'must provide an enforcer that newEnforcer(…) of the casbin package has built (`npm ls casbin` must show one); ' +
      'a test puts a mock in its place by overrideProvider(AUTHZ_ENFORCER).useValue(mock)',
  );
}
