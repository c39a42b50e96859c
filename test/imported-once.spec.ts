import { type DynamicModule, type INestApplication, Module, type Type } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { newEnforcer, StringAdapter } from 'casbin';
import { AUTHZ_ENFORCER, type AuditedEnforcer, GrantlogModule, InvalidInputError, RoleAssignments } from 'grantlog';
import type { DataSource } from 'typeorm';
import { connect, createDatabase, type TestDatabase } from './support/database';
import { reader, readerRule, rulesIn } from './support/facts';
import { scopedModel } from './support/models';

// Two modules on one table would each decide by the rules of both.
const rules = `g, ${readerRule('ann').join(', ')}`;

let database: TestDatabase;
let dataSource: DataSource;
const apps: INestApplication[] = [];
beforeEach(async () => {
  database = await createDatabase();
  dataSource = await connect(database.url);
});
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
  await dataSource.destroy();
  await database.drop();
});

const grantlog = (): DynamicModule => GrantlogModule.forRoot({ model: scopedModel(), dataSource });

function importing(...imports: DynamicModule[]): Type {
  @Module({ imports })
  class Feature {}
  return Feature;
}

async function start(...imports: (Type | DynamicModule)[]): Promise<INestApplication> {
  const app = (await Test.createTestingModule({ imports }).compile()).createNestApplication({ logger: false });
  apps.push(app);
  return app.init();
}

describe('an app that holds GrantlogModule twice', () => {
  const refusal = /^GrantlogModule: is in this app 2 times.* import it once, in the root module/;

  it('does not start, and imports no rule', async () => {
    const enforcer = await newEnforcer(scopedModel(), new StringAdapter(rules));
    const withRules = GrantlogModule.forRoot({ enforcer, dataSource });
    const outcome = await start(withRules, importing(grantlog())).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(InvalidInputError);
    expect(outcome).toHaveProperty('message', expect.stringMatching(refusal));
    expect(await rulesIn(dataSource)).toEqual([]);
    await start(withRules);
    expect(await rulesIn(dataSource)).toEqual([['g', ...readerRule('ann')]]);
  });

  it('goes on with the first, where the second is loaded lazily', async () => {
    const app = await start(grantlog());
    await expect(app.get(LazyModuleLoader).load(grantlog)).rejects.toThrow(refusal);
    await app.get(RoleAssignments).assign(reader('ann'));
    expect(await rulesIn(dataSource)).toEqual([['g', ...readerRule('ann')]]);
  });
});

describe('an app that holds it once', () => {
  it('starts, though several of its modules import it', async () => {
    const shared = grantlog();
    const app = await start(importing(shared), importing(shared), shared);
    expect(app.get(RoleAssignments)).toBeInstanceOf(RoleAssignments);
  });

  it('starts beside another app of the process', async () => {
    const [one, other] = [await start(grantlog()), await start(grantlog())];
    const { token } = await one.get(RoleAssignments).assign(reader('ann'));
    const enforcer = other.get<AuditedEnforcer>(AUTHZ_ENFORCER);
    await enforcer.caughtUp(token);
    expect(await enforcer.hasGroupingPolicy(...readerRule('ann'))).toBe(true);
  });
});
