import { type CanActivate, type ExecutionContext, type INestApplication, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditTrail, GrantlogModule, OutboxRelay } from 'grantlog';
import { consolePage } from './console-page.js';

/** Signs everybody in as user 7. */
@Injectable()
class SignedIn implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    context.switchToHttp().getRequest<{ user: object }>().user = { id: 7 };
    return true;
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL }),
    GrantlogModule.forRootAsync({
      http: { guards: [SignedIn], console: true },
      useFactory: () => ({ model: 'model.conf' }),
    }),
  ],
})
class HttpApp {}

const assignment = { subject: 'user^1', role: 'role^reader', scope: 'lib^lib:Org1:math' };

const calls: readonly [method: string, path: string, body?: object][] = [
  ['GET', 'role-assignments?limit=5'],
  ['GET', 'role-assignments?limit=0'],
  ['GET', 'audit-records?colour=red'],
  ['GET', 'audit-records?subject=user^1&subject=user^2'],
  ['GET', 'audit-records/export?format=xml'],
  ['GET', 'enforce?subject=user^1&action=act^read'],
  ['GET', 'health?verbose=1'],
  ['POST', 'role-assignments', { assignments: [assignment], reason: 'asked for' }],
  ['POST', 'role-assignments', { assignments: [] }],
  ['POST', 'role-assignments', { assignments: [{ ...assignment, extra: 1 }] }],
  ['POST', 'role-assignments?dry=1', { assignments: [assignment] }],
  ['POST', 'role-assignments/remove', {}],
];

/** What each call is answered: the status, and of an error the field. */
async function answers(origin: string): Promise<Record<string, string>> {
  const lines: [string, string][] = [];
  for (const [method, path, body] of calls) {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${origin}/authz/${path}`, { method, headers, body: JSON.stringify(body) });
    const { field } = (await response.json()) as { field?: string };
    const sent = body === undefined ? '' : ` ${JSON.stringify(body)}`;
    lines.push([`${method} ${path}${sent}`, `${response.status}${field === undefined ? '' : ` ${field}`}`]);
  }
  return Object.fromEntries(lines);
}

async function recorded(app: INestApplication): Promise<object[]> {
  await app.get(OutboxRelay).drained();
  const { items } = await app.get(AuditTrail).find({ subject: assignment.subject });
  return items.map(({ type, actor, reason }) => ({ type, actor, reason }));
}

export async function overHttp(): Promise<object> {
  const app = await NestFactory.create(HttpApp, { logger: ['fatal', 'error'], abortOnError: false });
  try {
    const document = SwaggerModule.createDocument(app, new DocumentBuilder().build());
    await app.listen(0, '127.0.0.1');
    const origin = await app.getUrl();
    return {
      answers: await answers(origin),
      records: await recorded(app),
      console: await consolePage(origin),
      document,
    };
  } finally {
    await app.close();
  }
}
