import { Injectable, Module } from '@nestjs/common';
import { EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { TypeOrmModule } from '@nestjs/typeorm';
import { type AuditRecord, GrantlogModule, grantlogMigrations, RoleAssignments } from 'grantlog';

@Injectable()
export class Onboarding {
  constructor(private readonly roles: RoleAssignments) {}

  welcome(userId: number) {
    const assignment = { subject: `user^${userId}`, role: 'role^library_admin', scope: 'lib^lib:Org1:math' };
    return this.roles.assign(assignment, { reason: 'starts today' });
  }

  @OnEvent('role_assignment.*', { suppressErrors: false })
  roleChanged({ seq, type, actor, subject }: AuditRecord) {
    console.log(`#${seq} ${type}: ${subject} by ${actor}`);
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: process.env.DATABASE_URL,
      migrations: grantlogMigrations,
      migrationsRun: true,
    }),
    EventEmitterModule.forRoot({ wildcard: true }),
    GrantlogModule.forRoot({ model: 'model.conf', scopeMatching: 'glob' }),
  ],
  providers: [Onboarding],
})
export class AppModule {}
