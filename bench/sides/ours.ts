import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  AUTHZ_ENFORCER,
  type AuditedEnforcer,
  GrantlogModule,
  grantlogMigrations,
  type GrantlogOptions,
  OutboxRelay,
  type RoleAssignmentChange,
  RoleAssignments,
  runAs,
} from 'grantlog';
import { DataSource } from 'typeorm';
import { poolSize } from '../sizes';
import type { Assignment } from './assignments';
import { scopedModel } from './model';
import type { RoleSide } from './role-side';

@Module({})
class BenchModule {}

/** A host of the module with the defaults of every option: each change has its event, and the relay records all the time. */
export class Ours implements RoleSide {
  readonly enforcer: AuditedEnforcer;
  private readonly roles: RoleAssignments;
  private readonly relay: OutboxRelay;

  private constructor(private readonly app: INestApplicationContext) {
    this.enforcer = app.get<AuditedEnforcer>(AUTHZ_ENFORCER);
    this.roles = app.get(RoleAssignments);
    this.relay = app.get(OutboxRelay);
  }

  /** In an empty database, for those who want to fill them before anybody opens it. */
  static async createTables(url: string): Promise<void> {
    const dataSource = new DataSource({ type: 'postgres', url, migrations: grantlogMigrations });
    await dataSource.initialize();
    await dataSource.runMigrations();
    await dataSource.destroy();
  }

  static async open(url: string, scopeMatching?: GrantlogOptions['scopeMatching']): Promise<Ours> {
    const database = TypeOrmModule.forRoot({
      type: 'postgres',
      url,
      migrations: grantlogMigrations,
      migrationsRun: true,
      poolSize,
      retryAttempts: 1,
    });
    const grantlog = GrantlogModule.forRoot({ model: scopedModel(), scopeMatching });
    const host = { module: BenchModule, imports: [database, grantlog] };
    // Nest writes errors to stderr and everything else to stdout, where only the figures belong.
    return new Ours(await NestFactory.createApplicationContext(host, { logger: ['error'], abortOnError: false }));
  }

  async assign(assignment: Assignment): Promise<boolean> {
    return (await this.change(assignment)).changed;
  }

  async remove(assignment: Assignment): Promise<boolean> {
    return (await acting(() => this.roles.remove(assignment, { reason }))).changed;
  }

  async assignAll(assignments: readonly Assignment[]): Promise<boolean> {
    const { events } = await acting(() => this.roles.assign(assignments, { reason }));
    return events.length === assignments.length;
  }

  async removeAll(assignments: readonly Assignment[]): Promise<boolean> {
    const { events } = await acting(() => this.roles.remove(assignments, { reason }));
    return events.length === assignments.length;
  }

  /** @returns the id of its event */
  async assignForId(assignment: Assignment): Promise<string> {
    const [event] = (await this.change(assignment)).events;
    if (!event) throw new Error('an assignment has changed nothing');
    return event.id;
  }

  addPolicies(rules: string[][]): Promise<boolean> {
    return acting(() => this.enforcer.addPolicies(rules));
  }

  settled(): Promise<void> {
    return this.relay.drained();
  }

  close(): Promise<void> {
    return this.app.close();
  }

  private change(assignment: Assignment): Promise<RoleAssignmentChange> {
    return acting(() => this.roles.assign(assignment, { reason }));
  }
}

const reason = 'benchmark';

/** Per call, as the context of a request is. */
function acting<T>(work: () => T): T {
  return runAs('user^7', work);
}
