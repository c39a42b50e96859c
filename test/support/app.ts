import { type INestApplication, type ModuleMetadata } from '@nestjs/common';
import { type AbstractHttpAdapter } from '@nestjs/core';
import { EventEmitterModule } from '@nestjs/event-emitter';
import { Test } from '@nestjs/testing';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import {
  AUTHZ_ENFORCER,
  type AuditedEnforcer,
  type AuditRecord,
  AuditTrail,
  Followers,
  GrantlogHealth,
  GrantlogModule,
  type GrantlogOptions,
  type GrantlogStaticOptions,
  OutboxRelay,
  RoleAssignments,
} from 'grantlog';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { dataSourceOptions } from './database';
import { scopedModel } from './models';

export interface TestAppOptions {
  readonly url: string;
  readonly grantlog?: Partial<GrantlogOptions> & GrantlogStaticOptions;
  readonly imports?: ModuleMetadata['imports'];
  readonly providers?: ModuleMetadata['providers'];
  readonly dataSource?: Partial<DataSourceOptions>;
  readonly poolSize?: number;
  /** Default: Express */
  readonly adapter?: AbstractHttpAdapter;
  readonly configure?: (app: INestApplication) => void;
}

/** A host of the module, as one node of a cluster. */
export interface TestApp {
  readonly nest: INestApplication;
  readonly dataSource: DataSource;
  readonly assignments: RoleAssignments;
  readonly enforcer: AuditedEnforcer;
  readonly trail: AuditTrail;
  readonly relay: OutboxRelay;
  readonly followers: Followers;
  readonly health: GrantlogHealth;
  /** Every record in the log, oldest first, after what is committed now has been recorded. */
  records(): Promise<AuditRecord[]>;
  close(): Promise<void>;
}

export async function startApp(options: TestAppOptions): Promise<TestApp> {
  const moduleRef = await Test.createTestingModule({
    imports: [
      TypeOrmModule.forRoot({
        ...dataSourceOptions(options.url, options.poolSize),
        ...options.dataSource,
        retryAttempts: 1,
      } as TypeOrmModuleOptions),
      EventEmitterModule.forRoot({ wildcard: true }),
      ...(options.imports ?? []),
      GrantlogModule.forRoot({ model: scopedModel(), ...options.grantlog }),
    ],
    providers: options.providers ?? [],
  }).compile();
  const nest = options.adapter
    ? moduleRef.createNestApplication(options.adapter, { logger: false })
    : moduleRef.createNestApplication({ logger: false });
  options.configure?.(nest);
  await nest.init();
  const trail = nest.get(AuditTrail);
  const relay = nest.get(OutboxRelay);
  return {
    nest,
    dataSource: nest.get(DataSource),
    assignments: nest.get(RoleAssignments),
    enforcer: nest.get<AuditedEnforcer>(AUTHZ_ENFORCER),
    trail,
    relay,
    followers: nest.get(Followers),
    health: nest.get(GrantlogHealth),
    records: async () => {
      await relay.drained();
      return collect(trail.stream());
    },
    close: () => nest.close(),
  };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
