import {
  type DynamicModule,
  Inject,
  type InjectionToken,
  type MiddlewareConsumer,
  Module,
  type ModuleMetadata,
  type NestModule,
  type OptionalFactoryDependency,
  type Type,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { RoleAssignments } from './assignments/role-assignments';
import { Attempts } from './attempts/attempts';
import { RequestContextMiddleware } from './context/request-context.middleware';
import { InvalidInputError } from './contract/grantlog.error';
import { KeySyntax } from './contract/namespaced-key';
import { AUTHZ_ENFORCER } from './enforcer/authz-enforcer';
import { Explainer } from './explain/explainer';
import { Followers } from './followers/followers';
import type { GrantlogOptions } from './grantlog.options';
import { grantlogProviders } from './grantlog.providers';
import { GRANTLOG_OPTIONS } from './grantlog.tokens';
import { GrantlogHealth } from './health/grantlog-health';
import { consoleProviders, type HttpOptions, mountedControllers } from './http/mounted-controllers';
import { changesRoles } from './http/role-assignments.controller';
import { RefusedChangesMiddleware } from './http/refused-changes.middleware';
import { Viewer } from './http/viewer';
import { PolicyImport } from './imports/policy-import';
import { OutboxRelay } from './outbox/outbox-relay';
import { RecordedReads } from './reads/recorded-reads';
import { AuditTrail } from './trail/audit-trail';

const MOUNTED_CONTROLLERS = Symbol('MOUNTED_CONTROLLERS');

/** What Nest has to know while it scans modules, and so cannot come from a factory. */
export interface GrantlogStaticOptions {
  /** The HTTP surface. Default: none */
  readonly http?: HttpOptions;
}

export interface GrantlogAsyncOptions extends GrantlogStaticOptions {
  /** Modules whose providers the factory and the guards inject. Default: none */
  readonly imports?: ModuleMetadata['imports'];
  readonly inject?: (InjectionToken | OptionalFactoryDependency)[];
  // Nest passes what `inject` names; the types of those are the factory's own.
  readonly useFactory: (...injected: never[]) => GrantlogOptions | Promise<GrantlogOptions>;
}

/**
 * Audited role assignments for a NestJS app. Global: import it once, next to TypeOrmModule; an app that holds it twice does not start.
 *
 * Provides RoleAssignments, PolicyImport, Attempts, AuditTrail, GrantlogHealth, Followers, OutboxRelay and, under
 * AUTHZ_ENFORCER, the audited Casbin enforcer. Its migrations (`grantlogMigrations`) MUST have run on the DataSource.
 */
@Module({})
export class GrantlogModule implements NestModule {
  static forRoot({ http, ...options }: GrantlogOptions & GrantlogStaticOptions): DynamicModule {
    return this.forRootAsync({ http, useFactory: () => options });
  }

  static forRootAsync({ http, imports, inject, useFactory }: GrantlogAsyncOptions): DynamicModule {
    const controllers = http ? mountedControllers(http) : [];
    return {
      module: GrantlogModule,
      global: true,
      imports: imports ?? [],
      controllers,
      providers: [
        {
          provide: GRANTLOG_OPTIONS,
          inject: [ModulesContainer, ...(inject ?? [])],
          useFactory: inOneModule(useFactory),
        },
        { provide: MOUNTED_CONTROLLERS, useValue: controllers },
        ...(http ? consoleProviders(http) : []),
        ...grantlogProviders,
      ],
      exports: [
        RoleAssignments,
        PolicyImport,
        Attempts,
        AuditTrail,
        Explainer,
        GrantlogHealth,
        Followers,
        OutboxRelay,
        KeySyntax,
        Viewer,
        RecordedReads,
        AUTHZ_ENFORCER,
      ],
    };
  }

  constructor(@Inject(MOUNTED_CONTROLLERS) private readonly controllers: readonly Type[]) {}

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(RequestContextMiddleware).forRoutes('{*any}');
    for (const changing of this.controllers.filter(changesRoles)) {
      consumer.apply(RefusedChangesMiddleware).forRoutes(changing);
    }
  }
}

/**
 * The factory, for an app that holds the module once. Two of them on one table would each decide by the rules of both, and the
 * routes that one closes would be opened by the other's. Everything of the module waits for the options, so it is refused before
 * rules are imported.
 */
function inOneModule(useFactory: GrantlogAsyncOptions['useFactory']) {
  return (modules: ModulesContainer, ...injected: never[]): GrantlogOptions | Promise<GrantlogOptions> => {
    const held = [...modules.values()].filter(({ metatype }) => metatype === GrantlogModule);
    if (held.length === 1) return useFactory(...injected);
    throw new InvalidInputError(
      'GrantlogModule',
      `is in this app ${held.length} times, and each would decide by the rules of all; import it once, in the root module ` +
        '(each AuthZModule.register imports one, too)',
    );
  };
}
