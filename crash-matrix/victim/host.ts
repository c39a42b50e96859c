import { Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { TypeOrmModule } from '@nestjs/typeorm';
import { newModelFromString } from 'casbin';
import {
  AUTHZ_ENFORCER,
  type AuditedEnforcer,
  type AuditRecord,
  grantlogEntities,
  GrantlogModule,
  RoleAssignments,
} from 'grantlog';
import { DataSource } from 'typeorm';
import type { Socket } from 'node:net';
import { applicationName } from '../orders';

const model = `
[request_definition]
r = sub, act, scope
[policy_definition]
p = sub, act, scope
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub, r.scope) && r.act == p.act`;

export const HEARS = Symbol('HEARS');

/** Hears each record. */
export type Hears = (record: AuditRecord) => void;

@Injectable()
class Listener {
  constructor(@Inject(HEARS) private readonly hears: Hears) {}

  @OnEvent('**', { suppressErrors: false })
  hear(record: AuditRecord): void {
    this.hears(record);
  }
}

@Module({})
class HostModule {}

export interface HostOptions {
  readonly url: string;
  /** Makes the sockets of the app's connections. */
  readonly stream: () => Socket;
  readonly hears: Hears;
}

/** A host of the module, with all that the module runs in the background. */
export interface Host {
  readonly dataSource: DataSource;
  readonly assignments: RoleAssignments;
  readonly enforcer: AuditedEnforcer;
}

export async function startHost({ url, stream, hears }: HostOptions): Promise<Host> {
  const app = await NestFactory.createApplicationContext(
    {
      module: HostModule,
      imports: [
        TypeOrmModule.forRoot({
          type: 'postgres',
          url,
          applicationName,
          entities: grantlogEntities,
          poolSize: 14,
          extra: { stream },
          retryAttempts: 1,
        }),
        EventEmitterModule.forRoot({ wildcard: true }),
        GrantlogModule.forRoot({
          model: newModelFromString(model),
          // A process that dies while it delivers has attempted it: the record must not be parked for that.
          listeners: { timeLimit: 2_000, maxAttempts: 1_000_000, backoff: 20 },
        }),
      ],
      providers: [Listener, { provide: HEARS, useValue: hears }],
    },
    { logger: ['error', 'warn', 'fatal'] },
  );
  return {
    dataSource: app.get(DataSource),
    assignments: app.get(RoleAssignments),
    enforcer: app.get<AuditedEnforcer>(AUTHZ_ENFORCER),
  };
}
