import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  CachedEnforcer,
  Enforcer,
  EnforceContext,
  newEnforcer,
  newEnforcerWithClass,
  newModelFromString,
  StringAdapter,
  SyncedEnforcer,
} from 'casbin';
import { AUTHZ_ENFORCER, audited, type AuditedEnforcer, GrantlogModule, grantlogMigrations } from 'grantlog';
import { AUTHZ_ENFORCER as ENFORCER_OF_NEST_AUTHZ, AuthZModule } from 'grantlog/nest-authz';

const model = () =>
  newModelFromString(`
[request_definition]
r = sub, act
[policy_definition]
p = sub, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && r.act == p.act
m2 = r.sub == "root"`);
const policy = () => new StringAdapter('p, doctor, open\ng, ada, doctor');

class Observed extends CachedEnforcer {
  readonly asked: unknown[][] = [];

  override enforce(...request: unknown[]): Promise<boolean> {
    this.asked.push(request);
    return super.enforce(...request);
  }
}

const nobody = () => '';

/** Starts an app with these modules, for as long as the work takes. */
async function inAppWith<T>(
  imports: Parameters<typeof Module>[0]['imports'],
  work: (enforcer: AuditedEnforcer) => Promise<T>,
) {
  @Module({
    imports: [
      TypeOrmModule.forRoot({
        type: 'postgres',
        url: process.env.OWN_ENFORCER_DATABASE_URL,
        migrations: grantlogMigrations,
        migrationsRun: true,
      }),
      ...(imports ?? []),
    ],
  })
  class OwnEnforcerApp {}
  const app = await NestFactory.createApplicationContext(OwnEnforcerApp, {
    logger: ['fatal', 'error'],
    abortOnError: false,
  });
  try {
    return await work(app.get<AuditedEnforcer>(AUTHZ_ENFORCER));
  } finally {
    await app.close();
  }
}

/** What is allowed before a user has a role, with it, and without it again. */
async function decisions(enforcer: Enforcer, asked: Enforcer = enforcer): Promise<boolean[]> {
  const before = await asked.enforce('bob', 'open');
  await enforcer.addRoleForUser('bob', 'doctor');
  const granted = await asked.enforce('bob', 'open');
  await enforcer.deleteRoleForUser('bob', 'doctor');
  return [before, granted, await asked.enforce('bob', 'open')];
}

async function byEnforcer(): Promise<object> {
  const own = await newEnforcerWithClass(CachedEnforcer, model(), policy());
  return inAppWith([GrantlogModule.forRootAsync({ useFactory: () => ({ enforcer: own }) })], async (enforcer) => ({
    imported: await enforcer.enforce('ada', 'open'),
    decisions: await decisions(enforcer, own),
    context: await enforcer.enforce(new EnforceContext('r', 'p', 'e', 'm2'), 'root', 'open'),
    isOfItsClass: enforcer instanceof audited(CachedEnforcer),
  }));
}

function byClass(enforcerClass: Type<Enforcer>): Promise<object> {
  return inAppWith([GrantlogModule.forRoot({ model: model(), enforcerClass })], async (enforcer) => ({
    decisions: await decisions(enforcer),
    isOfItsClass: enforcer instanceof audited(enforcerClass),
    asked: enforcer instanceof Observed ? enforcer.asked.length : undefined,
  }));
}

async function byProvider(): Promise<object> {
  const enforcerProvider = { provide: ENFORCER_OF_NEST_AUTHZ, useFactory: () => newEnforcer(model(), policy()) };
  const module = AuthZModule.register({ enforcerProvider, userFromContext: nobody });
  return inAppWith([module], async (enforcer) => ({ decisions: await decisions(enforcer) }));
}

/** Casbin's package gives ES modules other classes than those that Grantlog requires. */
export async function ownEnforcers(): Promise<object> {
  return {
    enforcer: await byEnforcer(),
    enforcerClass: {
      Enforcer: await byClass(Enforcer),
      CachedEnforcer: await byClass(CachedEnforcer),
      SyncedEnforcer: await byClass(SyncedEnforcer),
      Observed: await byClass(Observed),
    },
    enforcerProvider: await byProvider(),
  };
}
