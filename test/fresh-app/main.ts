/**
 * What a user's app does with the installed package. test/package.spec.ts copies this folder into fresh apps, as CommonJS and as
 * ES modules, and reads the last line of what is printed.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { AUTHZ_ENFORCER, AuditedEnforcer, AuditTrail, Followers, OutboxRelay, RoleAssignments } from 'grantlog';
import * as grantlog from 'grantlog';
import { AppModule, Onboarding } from './app.module.js';
import { movedFromNestAuthz } from './moved-from-nest-authz.js';
import { overHttp } from './over-http.js';
import { ownEnforcers } from './own-enforcer.js';

async function fromTheReadme(): Promise<object> {
  const app = await NestFactory.createApplicationContext(AppModule, {
    logger: ['fatal', 'error'],
    abortOnError: false,
  });
  try {
    const { changed } = await app.get(Onboarding).welcome(42);
    await app.get(OutboxRelay).drained();
    await app.get(Followers).settled();
    const { items } = await app.get(AuditTrail).find({ subject: 'user^42' });
    const enforcer = app.get<AuditedEnforcer>(AUTHZ_ENFORCER);
    return {
      changed,
      records: items.map(({ seq, type, actor, role, scope, reason }) => ({ seq, type, actor, role, scope, reason })),
      holders: await enforcer.getUsersForRole('role^library_admin', 'lib^lib:Org1:math'),
      instances: [app.get(RoleAssignments) instanceof RoleAssignments, enforcer instanceof AuditedEnforcer],
    };
  } finally {
    await app.close();
  }
}

/** A second copy of a class would be a second injection token. */
async function copies(): Promise<object> {
  const required = createRequire(join(process.cwd(), 'any.js'))('grantlog') as typeof grantlog;
  const imported = await import('grantlog');
  const names = Object.keys(required) as (keyof typeof grantlog)[];
  return {
    names: names.length,
    differing: names.filter((name) => required[name] !== imported[name] || required[name] !== grantlog[name]),
  };
}

async function main(): Promise<void> {
  const report = {
    readme: await fromTheReadme(),
    http: await overHttp(),
    nestAuthz: await movedFromNestAuthz(),
    ownEnforcers: await ownEnforcers(),
    copies: await copies(),
  };
  console.log(JSON.stringify(report));
}

void main();
