import { type DynamicModule, Module } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { EventEmitterModule } from '@nestjs/event-emitter';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { ClsPluginTransactional, TransactionHost } from '@nestjs-cls/transactional';
import { TransactionalAdapterTypeOrm } from '@nestjs-cls/transactional-adapter-typeorm';
import type { Model } from 'casbin';
import { grantlogEntities, GrantlogModule } from 'grantlog';
import { ClsModule } from 'nestjs-cls';
import { RoleChangeListener } from './role-change.listener';
import { PermissionGuard } from './session/permission.guard';
import { SessionController } from './session/session.controller';
import { SignInController, tokenKey } from './session/sign-in.controller';
import { SessionModule } from './session/session.module';
import type { SignedIn } from './session/signed-in';
import { visibleScopes } from './session/visible-scopes';
import type { Settings } from './settings';

/** What is recorded besides changes. */
type Recorded = Pick<Settings, 'attempts' | 'recordReads'>;

/** A small real host: TypeORM, ambient transactions, an event emitter, sign-in, and Grantlog with its endpoints. */
@Module({})
export class DemoModule {
  static with(url: string, model: Model, { attempts, recordReads }: Recorded): DynamicModule {
    const hasScopes = model.model.get('g')?.get('g')?.value.replaceAll(' ', '') === '_,_,_';
    return {
      module: DemoModule,
      imports: [
        TypeOrmModule.forRoot({ type: 'postgres', url, entities: grantlogEntities, poolSize: 20, retryAttempts: 1 }),
        EventEmitterModule.forRoot({ wildcard: true }),
        ClsModule.forRoot({ global: true, plugins: [transactional()] }),
        SessionModule,
        GrantlogModule.forRootAsync({
          imports: [SessionModule],
          inject: [TransactionHost, ModuleRef],
          useFactory: (host: TransactionHost<TransactionalAdapterTypeOrm>, modules: ModuleRef) => ({
            model,
            scopeMatching: hasScopes ? 'glob' : 'exact',
            actor: ({ user }) => (user as SignedIn | undefined)?.key,
            transaction: () => host.tx,
            attempts,
            recordReads,
            visibleScopes: visibleScopes(modules),
          }),
          http: {
            guards: [PermissionGuard],
            console: { session: { storage: 'sessionStorage', key: tokenKey }, signInUrl: '/sign-in' },
          },
        }),
      ],
      controllers: [SessionController, SignInController],
      providers: [RoleChangeListener],
    };
  }
}

function transactional(): ClsPluginTransactional {
  const adapter = new TransactionalAdapterTypeOrm({ dataSourceToken: getDataSourceToken() });
  return new ClsPluginTransactional({ imports: [TypeOrmModule], adapter });
}
