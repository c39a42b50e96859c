import { type DynamicModule, Module, type OnModuleInit, type Provider, Scope } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Adapter, Enforcer } from 'casbin';
import { AUTHZ_ENFORCER, InvalidInputError } from '../index';
import type { AuthZModuleOptions } from './authz-module.options';
import { policyEnforcer } from './policy-enforcer';
import { AUTHZ_MODULE_OPTIONS } from './tokens';

/** Injection token of the enforcer that the audited one takes the place of. */
export const HOST_ENFORCER = Symbol('HOST_ENFORCER');

/** Makes the host's enforcer, where its provider finds what it injects, and keeps it from whoever injects AUTHZ_ENFORCER. */
@Module({})
export class HostEnforcerModule implements OnModuleInit {
  constructor(private readonly providers: ModuleRef) {}

  /** @throws InvalidInputError if the options do not say which enforcer */
  static of(options: AuthZModuleOptions): DynamicModule {
    const optionsProvider = { provide: AUTHZ_MODULE_OPTIONS, useValue: options };
    return {
      module: HostEnforcerModule,
      imports: options.imports ?? [],
      providers: [optionsProvider, hostEnforcer(options)],
      exports: [optionsProvider, HOST_ENFORCER],
    };
  }

  onModuleInit(): void {
    if (this.providers.introspect(HOST_ENFORCER).scope !== Scope.REQUEST) return;
    throw new InvalidInputError(
      'enforcerProvider',
      'makes an enforcer for each request; the memory of an audited one follows the database for as long as the app runs. ' +
        'Provide one enforcer, and tell tenants apart by the domain of their rules',
    );
  }
}

function hostEnforcer({ enforcerProvider, model, policy }: AuthZModuleOptions): Provider {
  if (enforcerProvider) return renamed(enforcerProvider);
  if (model && policy) {
    const useFactory = async (): Promise<Enforcer> => policyEnforcer(model, (await policy) as string | Adapter);
    return { provide: HOST_ENFORCER, useFactory };
  }
  throw new InvalidInputError('AuthZModule.register', 'must be given an enforcerProvider, or model and policy');
}

function renamed(provider: Provider): Provider {
  const provided: unknown = typeof provider === 'function' ? provider : provider.provide;
  if (typeof provider === 'object' && provided === AUTHZ_ENFORCER) return { ...provider, provide: HOST_ENFORCER };
  throw new InvalidInputError(
    'enforcerProvider',
    'must be { provide: AUTHZ_ENFORCER, … }, which is what the guard injects',
  );
}
