import { type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { type Enforcer, newEnforcer, StringAdapter } from 'casbin';
import {
  adoptRules,
  AUTHZ_ENFORCER,
  grantlogEntities,
  grantlogMigrations,
  GrantlogModule,
  RoleAssignments,
} from 'grantlog';
import { DataSource, type DataSourceOptions, Entity } from 'typeorm';
import TypeORMAdapter, { CasbinRule, type TypeORMAdapterOptions } from 'typeorm-adapter';
import { resolveOptions } from '../libs/grantlog/src/grantlog.options';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { connect, dataSourceOptions } from './support/database';
import { factOf, mayRead, readerRule } from './support/facts';
import { scopedModel } from './support/models';

/** A table that a host has named. */
@Entity({ name: 'clinic_rule' })
class ClinicRule extends CasbinRule {}

/** The usual name, in a schema of its own. */
@Entity({ name: 'casbin_rule', schema: 'clinic' })
class RuleElsewhere extends CasbinRule {}

let cluster: Cluster;
const adapters: TypeORMAdapter[] = [];
beforeEach(async () => {
  cluster = await Cluster.create();
});
afterEach(async () => {
  await Promise.all(adapters.splice(0).map((adapter) => adapter.close()));
  await cluster.end();
});

/** The host's way to build one: with a DataSource of the adapter's. */
async function build(options: object = { synchronize: false }, table?: typeof CasbinRule): Promise<Enforcer> {
  const given = { type: 'postgres', url: cluster.database.url, ...options } as DataSourceOptions;
  return enforcerOn(given, table);
}

async function enforcerOn(given: TypeORMAdapterOptions, table?: typeof CasbinRule): Promise<Enforcer> {
  const adapter = await TypeORMAdapter.newAdapter(given, table && { customCasbinRuleEntity: table });
  adapters.push(adapter);
  return newEnforcer(scopedModel(), adapter);
}

const start = (enforcer: Enforcer, dataSource: object = {}): Promise<TestApp> =>
  cluster.start({ grantlog: { model: undefined, enforcer }, dataSource });

/** A host that has no DataSource but the adapter's. */
async function startAlone(enforcer: Enforcer): Promise<INestApplication> {
  const grantlog = GrantlogModule.forRootAsync({ useFactory: () => ({ enforcer }) });
  const module = await Test.createTestingModule({ imports: [grantlog] }).compile();
  return module.createNestApplication({ logger: false }).init();
}

/** Lets somebody read before the host comes. */
async function letAnnRead(): Promise<void> {
  const app = await cluster.start();
  await app.enforcer.addPolicy('role^reader', 'act^read', '*');
  await app.enforcer.addGroupingPolicy(...readerRule('ann'));
  await cluster.close(app);
}

describe('an enforcer with typeorm-adapter', () => {
  it('may be given rules while it is built: they are recorded when it is taken over, once, and each time they come back', async () => {
    const seeded = async (): Promise<TestApp> => {
      const enforcer = await build();
      await enforcer.addPolicy('role^reader', 'act^read', '*');
      await enforcer.addGroupingPolicy(...readerRule('ann'));
      return start(enforcer);
    };
    await letAnnRead();
    let app = await cluster.start();
    await app.enforcer.removeGroupingPolicy(...readerRule('ann'));
    await cluster.close(app);
    const facts = async (): Promise<string[]> =>
      (await app.records()).map(({ operation, subject, actor, reason }) =>
        [operation, subject, actor, reason].join(' '),
      );
    for (let n = 0; n < 2; n += 1) {
      app = await seeded();
      expect((await facts()).slice(3)).toEqual([
        "created user^ann system^import added by the host's enforcer before it was taken over",
      ]);
      expect(await mayRead(app, 'ann')).toBe(true);
      if (n === 0) await cluster.close(app);
    }
    await app.enforcer.removeGroupingPolicy(...readerRule('ann'));
    await cluster.close(app);
    app = await seeded();
    expect((await facts()).slice(3).map((fact) => fact.split(' ')[0])).toEqual(['created', 'deleted', 'created']);
  });

  it("has its rules where Grantlog's are: nothing is imported", async () => {
    await letAnnRead();
    const app = await start(await build());
    expect(await mayRead(app, 'ann')).toBe(true);
    await app.enforcer.addGroupingPolicy(...readerRule('bob'));
    expect((await app.records()).map(factOf)).toHaveLength(3);
    expect(await app.dataSource.query('SELECT * FROM audit_import')).toEqual([]);
  });

  it('brings the DataSource along, if the host gives no other', async () => {
    await letAnnRead();
    const alone = await startAlone(await build());
    await alone.get(RoleAssignments).assign({ subject: 'user^bob', role: 'role^reader', scope: '*' });
    expect(await alone.get<Enforcer>(AUTHZ_ENFORCER).enforce('user^bob', 'act^read', '*')).toBe(true);
    await alone.close();
    expect(await mayRead(await start(await build()), 'bob')).toBe(true);
  });

  it('can make the tables by itself', async () => {
    const alone = await startAlone(
      await build({ synchronize: false, migrations: grantlogMigrations, migrationsRun: true }),
    );
    expect(await alone.get(RoleAssignments).find()).toEqual([]);
    await alone.close();
  });

  it.each<[string, (dataSource: DataSource) => Promise<Enforcer>]>([
    ['shares the DataSource of the app', async (connection) => enforcerOn({ connection })],
    ['waits for the migrations of the app, if it needs its DataSource', () => build()],
  ])('%s', async (_what, make) => {
    const database = TypeOrmModule.forRoot({
      ...dataSourceOptions(cluster.database.url),
      entities: [CasbinRule],
    });
    const grantlog = GrantlogModule.forRootAsync({
      inject: [DataSource],
      useFactory: async (dataSource: DataSource) => ({ enforcer: await make(dataSource) }),
    });
    const module = await Test.createTestingModule({ imports: [database, grantlog] }).compile();
    const app = await module.createNestApplication({ logger: false }).init();
    const enforcer = app.get<Enforcer>(AUTHZ_ENFORCER);
    await enforcer.addPolicy('role^reader', 'act^read', '*');
    await app.get(DataSource).transaction(async (manager) => {
      await app.get(RoleAssignments).assign({ subject: 'user^bob', role: 'role^reader', scope: '*' }, { manager });
    });
    await enforcer.loadPolicy();
    expect(await enforcer.enforce('user^bob', 'act^read', '*')).toBe(true);
    await app.close();
  });

  it('is not needed, but some DataSource is', async () => {
    const enforcer = await newEnforcer(scopedModel(), new StringAdapter('p, a, b, c'));
    await expect(startAlone(enforcer)).rejects.toThrow(/^GrantlogModule needs a DataSource/);
  });
});

describe('a table that TypeORM synchronizes', () => {
  const indexes = async (dataSource: DataSource): Promise<unknown[]> =>
    dataSource.query(`SELECT indexname FROM pg_indexes WHERE indexname LIKE 'casbin_rule_%' ORDER BY 1`);

  it('loses its unique index at the start of the adapter, which is refused with the remedy', async () => {
    await letAnnRead();
    const owner = await connect(cluster.database.url, 2);
    try {
      const all = await indexes(owner);
      const enforcer = await build({});
      expect(await indexes(owner)).toEqual([{ indexname: 'casbin_rule_pkey' }]);
      await expect(start(enforcer)).rejects.toThrow(/^dataSource\.synchronize: .* synchronize: false .* adoptRules/);
      await expect(start(await build())).rejects.toThrow(/^The database lacks the unique index/);
      await adoptRules(owner);
      expect(await indexes(owner)).toEqual(all);
      expect(await mayRead(await start(await build()), 'ann')).toBe(true);
    } finally {
      await owner.destroy();
    }
  });

  it('is refused in the DataSource of the host too, unless its entity is the one of Grantlog', async () => {
    await letAnnRead();
    const synchronized = { synchronize: true, migrationsRun: false };
    await expect(start(await build(), { ...synchronized, entities: [CasbinRule] })).rejects.toThrow(
      /^dataSource\.synchronize: is true and the entity CasbinRule/,
    );
    const owner = await connect(cluster.database.url, 2);
    await adoptRules(owner);
    await owner.destroy();
    const app = await start(await build(), { ...synchronized, entities: grantlogEntities });
    expect(await mayRead(app, 'ann')).toBe(true);
  });
});

describe('a table that is not the one of Grantlog', () => {
  const withOwner = async (work: (owner: DataSource) => Promise<unknown>): Promise<void> => {
    const owner = await new DataSource({ type: 'postgres', url: cluster.database.url }).initialize();
    await work(owner).finally(() => owner.destroy());
  };

  it('is refused if it is in another database', async () => {
    const elsewhere = await Cluster.create();
    try {
      await elsewhere.close(await elsewhere.start()); // which makes the table
      const enforcer = await build({ url: elsewhere.database.url, synchronize: false });
      await expect(start(enforcer)).rejects.toThrow(/^enforcer: keeps its rules in another casbin_rule than/);
    } finally {
      await Promise.all(adapters.splice(0).map((adapter) => adapter.close()));
      await elsewhere.end();
    }
  });

  it('is refused if it is in another schema', async () => {
    await withOwner((owner) => owner.query('CREATE SCHEMA clinic'));
    await build({}, RuleElsewhere); // which makes the table
    await expect(start(await build({ synchronize: false }, RuleElsewhere))).rejects.toThrow(
      /^enforcer: keeps its rules in another casbin_rule than/,
    );
  });

  it('is refused if it has another name, with the statement that gives it the right one', async () => {
    const before = await build({}, ClinicRule);
    await before.addPolicy('role^reader', 'act^read', '*');
    await before.addGroupingPolicy(...readerRule('ann'));
    const [, rename = ''] = /run: (ALTER TABLE .* RENAME TO casbin_rule),/.exec(refusalOf(before)) ?? [];
    await withOwner((owner) => owner.query(rename));
    await cluster.close(await cluster.start()); // which adopts it
    const app = await start(await build());
    expect(await mayRead(app, 'ann')).toBe(true);
    expect((await app.records()).map(factOf)).toHaveLength(2);
  });
});

function refusalOf(enforcer: Enforcer): string {
  try {
    resolveOptions({ enforcer });
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}
