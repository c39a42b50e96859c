import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplication, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Enforcer } from 'casbin';
import { AUTHZ_ENFORCER, type AuditRecord, AuditTrail, OutboxRelay, runAs } from 'grantlog';
import type { DataSource } from 'typeorm';
import { collect } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';
import { DocumentedCode, type Exports } from './support/documented-code';
import { undoThrough } from './support/undo';

const docs = DocumentedCode.of('docs/moving-in.md');

interface Wards {
  mayOpen(user: string, ward: string): Promise<boolean>;
  appoint(user: string, ward: string): Promise<boolean>;
  dismiss(user: string, ward: string): Promise<boolean>;
}

interface Service {
  readonly enforcer: Enforcer;
  checkPermission(...request: string[]): Promise<boolean>;
}

const compiling = 120_000;

describe('docs/moving-in.md', () => {
  let database: TestDatabase;
  let folder: string;
  let url: string | undefined;
  /** What gives the exports of a file, as it was loaded for the app that was started last. */
  let load: (file: string) => Exports;
  const running: INestApplication[] = [];

  beforeEach(async () => {
    database = await createDatabase();
    folder = await mkdtemp(join(tmpdir(), 'grantlog-docs-'));
    await writeFile(join(folder, 'model.conf'), docs.block('ini'));
    await writeFile(join(folder, 'policy.csv'), docs.block('csv'));
    url = process.env.DATABASE_URL;
    process.env.DATABASE_URL = database.url;
    load = docs.loader(require, folder);
  });

  afterEach(async () => {
    for (const app of running.splice(0)) await app.close();
    if (url === undefined) delete process.env.DATABASE_URL;
    else process.env.DATABASE_URL = url;
    await rm(folder, { recursive: true });
    await database.drop();
  });

  const exported = <T>(file: string, name: string): T => load(file)[name] as T;
  const wardsOf = (app: INestApplication): Wards => app.get(exported<Type<Wards>>('wards.ts', 'Wards'));

  async function start(file: string, name: string, provider?: [file: string, name: string]): Promise<INestApplication> {
    load = docs.loader(require, folder);
    const providers = provider ? [exported<Type>(...provider)] : [];
    const module = await Test.createTestingModule({ imports: [exported<Type>(file, name)], providers }).compile();
    const app = await module.createNestApplication({ logger: false }).init();
    running.push(app);
    return app;
  }

  async function stop(app: INestApplication): Promise<void> {
    running.splice(running.indexOf(app), 1);
    await app.close();
  }

  async function recordsOf(app: INestApplication): Promise<AuditRecord[]> {
    await app.get(OutboxRelay).drained();
    return collect(app.get(AuditTrail).stream());
  }

  const told = async (app: INestApplication): Promise<unknown[]> =>
    (await recordsOf(app)).map(({ actor, operation, details }) => [actor, operation, details.rule?.join(' ')]);

  it(
    'has examples that compile, and would not pass with ones that do not',
    () => {
      expect(docs.names).toHaveLength(11);
      expect(docs.problems()).toEqual([]);
      expect(docs.with('this.enforcer.addGroupingPolicy', 'this.enforcer.addGropingPolicy').problems()).toHaveLength(1);
    },
    compiling,
  );

  it('adopts a table, and gives it back', async () => {
    const before = await exported<() => Promise<Enforcer>>('before/enforcer.ts', 'buildEnforcer')();
    await before.addPolicy('doctor', 'open', '*');
    await before.addGroupingPolicy('ada', 'doctor', 'north');
    await (before.getAdapter() as unknown as { close(): Promise<void> }).close();
    const dataSource = exported<DataSource>('data-source.ts', 'dataSource');
    await dataSource.initialize();
    await dataSource.runMigrations();
    expect(await dataSource.query('SELECT actor, subject, role, scope, reason FROM audit_record ORDER BY seq')).toEqual(
      [
        { actor: 'system^import', subject: 'doctor', role: null, scope: null, reason: 'adopted from casbin_rule' },
        { actor: 'system^import', subject: 'ada', role: 'doctor', scope: 'north', reason: 'adopted from casbin_rule' },
      ],
    );
    await undoThrough(dataSource, 'GrantlogInstall');
    expect(await dataSource.query('SELECT v0 FROM casbin_rule ORDER BY id')).toEqual([{ v0: 'doctor' }, { v0: 'ada' }]);
    await dataSource.destroy();
  });

  it('moves an enforcer of the app with its table', async () => {
    const before = await exported<() => Promise<Enforcer>>('before/enforcer.ts', 'buildEnforcer')();
    await before.addPolicy('doctor', 'open', '*');
    await before.addGroupingPolicy('ada', 'doctor', 'north');
    await (before.getAdapter() as unknown as { close(): Promise<void> }).close();

    const app = await start('app.module.ts', 'AppModule');
    const enforcer = app.get<Enforcer>(AUTHZ_ENFORCER);
    expect(await enforcer.enforce('ada', 'open', 'north')).toBe(true);
    expect(await enforcer.enforce('ada', 'open', 'south')).toBe(false);
    expect(await enforcer.enforce('eve (on call)', 'open', 'south')).toBe(true);
    await runAs('user^1', () => enforcer.addGroupingPolicy('bob', 'doctor', 'south'));
    expect(await told(app)).toEqual([
      ['system^import', 'created', 'doctor open *'],
      ['system^import', 'created', 'ada doctor north'],
      ['user^1', 'created', 'bob doctor south'],
    ]);
  });

  it('moves an app with a provider of its own, and what it was told in the file', async () => {
    const before = await start('before/clinic.module.ts', 'ClinicModule');
    const then = wardsOf(before);
    expect(await Promise.all([then.mayOpen('ada', 'north'), then.mayOpen('bob', 'north')])).toEqual([true, false]);
    await stop(before);

    const app = await start('clinic.module.ts', 'ClinicModule');
    const wards = wardsOf(app);
    expect(await Promise.all([wards.mayOpen('ada', 'north'), wards.mayOpen('bob', 'north')])).toEqual([true, false]);
    await runAs('user^1', () => wards.dismiss('ada', 'north'));
    await runAs('user^1', () => wards.appoint('bob', 'north'));
    expect(await Promise.all([wards.mayOpen('ada', 'north'), wards.mayOpen('bob', 'north')])).toEqual([false, true]);
    expect(await told(app)).toEqual([
      ['system^import', 'created', 'doctor open *'],
      ['system^import', 'created', 'ada doctor north'],
      ['system^import', 'created', 'bob doctor south'],
      ['user^1', 'deleted', 'ada doctor north'],
      ['user^1', 'created', 'bob doctor north'],
    ]);

    await stop(app);
    const again = await start('clinic.module.ts', 'ClinicModule');
    expect(await wardsOf(again).mayOpen('ada', 'north')).toBe(false);
    expect(await told(again)).toHaveLength(5);
  });

  it('keeps a token alive, and lets a service have the audited enforcer', async () => {
    await start('clinic.module.ts', 'ClinicModule').then(stop);
    const app = await start('practice.module.ts', 'PracticeModule');
    const service = app.get(exported<Type<Service>>('casbin.service.ts', 'CasbinService'));
    await service.enforcer.addFunction('onCall', () => false);
    expect(await service.checkPermission('ada', 'open', 'north')).toBe(true);
    expect(app.get('CASBIN_ENFORCER')).toBe(service.enforcer);
    await runAs('user^1', () => wardsOf(app).appoint('cid', 'north'));
    expect((await told(app)).at(-1)).toEqual(['user^1', 'created', 'cid doctor north']);
  });

  it('brings in rules that a release ships', async () => {
    const app = await start('clinic.module.ts', 'ClinicModule', ['shipped-rules.ts', 'ShippedRules']);
    expect(await wardsOf(app).mayOpen('cid', 'north')).toBe(true);
    expect((await recordsOf(app)).at(-1)).toMatchObject({
      actor: 'system^import',
      reason: 'release 7',
      subject: 'cid',
    });
  });

  it.each<[string, RegExp, (enforcer: Enforcer) => object]>([
    ['the class as the token', /`(inject: \[Enforcer\].*?)`/, (enforcer) => enforcer],
    ['a service', /`(inject: \[CasbinService\].*?)`/, (enforcer) => ({ enforcer })],
  ])('says the right line for %s', async (_what, line, service) => {
    const [, options = ''] = line.exec(docs.text) ?? [];
    const javascript = options.replaceAll(/: (Enforcer|CasbinService)\) =>/g, ') =>');
    const token = Symbol('Enforcer or CasbinService');
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the line of the document, as it stands there
    const taken = new Function('Enforcer', 'CasbinService', `return { ${javascript} }`)(token, token) as {
      inject: unknown[];
      useFactory: (given: object) => { enforcer: Enforcer };
    };
    const enforcer = await exported<() => Promise<Enforcer>>('before/enforcer.ts', 'buildEnforcer')();
    expect(taken.inject).toEqual([token]);
    expect(taken.useFactory(service(enforcer))).toEqual({ enforcer });
    await (enforcer.getAdapter() as unknown as { close(): Promise<void> }).close();
  });
});
