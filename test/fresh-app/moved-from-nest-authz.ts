import { Controller, type ExecutionContext, Get, type INestApplication, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditTrail, grantlogMigrations, OutboxRelay } from 'grantlog';
import {
  AUTHZ_ENFORCER,
  AuthActionVerb,
  AuthPossession,
  AuthZGuard,
  AuthZModule,
  AuthZRBACService,
  AuthZService,
  UsePermissions,
} from 'grantlog/nest-authz';

const userFromContext = (context: ExecutionContext): string =>
  context.switchToHttp().getRequest<{ headers: { 'x-user'?: string } }>().headers['x-user'] ?? '';

@Controller('users')
class UsersController {
  @Get()
  @UseGuards(AuthZGuard)
  @UsePermissions({ action: AuthActionVerb.READ, resource: 'users', possession: AuthPossession.ANY })
  list(): string[] {
    return ['alice', 'bob'];
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: process.env.NEST_AUTHZ_DATABASE_URL,
      migrations: grantlogMigrations,
      migrationsRun: true,
    }),
    AuthZModule.register({ model: 'nest-authz.conf', policy: 'nest-authz.csv', userFromContext }),
  ],
  controllers: [UsersController],
})
class MovedApp {}

async function statusFor(app: INestApplication, user: string): Promise<number> {
  const { status } = await fetch(`${await app.getUrl()}/users`, { headers: { 'x-user': user } });
  return status;
}

/** An app that had `from 'nest-authz'` in its imports. */
export async function movedFromNestAuthz(): Promise<object> {
  const app = await NestFactory.create(MovedApp, { logger: ['fatal', 'error'], abortOnError: false });
  try {
    await app.listen(0, '127.0.0.1');
    const before = [await statusFor(app, ''), await statusFor(app, 'alice'), await statusFor(app, 'bob')];
    await app.get(AuthZRBACService).addRoleForUser('bob', 'admin');
    const after = await statusFor(app, 'bob');
    await app.get(OutboxRelay).drained();
    const { items } = await app.get(AuditTrail).find({});
    const records = items.map(({ type, actor, subject, role }) => ({ type, actor, subject, role }));
    return { before, after, records, oneEnforcer: app.get(AuthZService).enforcer === app.get<unknown>(AUTHZ_ENFORCER) };
  } finally {
    await app.close();
  }
}
