import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  type CanActivate,
  Controller,
  Get,
  type INestApplication,
  Injectable,
  Module,
  Req,
  type Type,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { AuditTrail, GRANTLOG_PERMISSION } from 'grantlog';
import * as ours from 'grantlog/nest-authz';
import supertest from 'supertest';
import { DataSource } from 'typeorm';
import TypeORMAdapter, { CasbinRule } from 'typeorm-adapter';
import { dataSourceOptions } from './support/database';
import { DocumentedCode } from './support/documented-code';
import {
  asking,
  Hosts,
  library,
  packages,
  recordsOf,
  rolesEverywhere,
  signIn,
  userFromContext,
} from './support/nest-authz-host';

const docs = DocumentedCode.of('docs/nest-authz.md');
const theirs = packages['nest-authz'];
let hosts: Hosts;
beforeEach(async () => {
  hosts = await Hosts.of(ours);
});
afterEach(() => hosts.end());

describe('the app in docs/nest-authz.md', () => {
  let url: string | undefined;
  beforeEach(async () => {
    url = process.env.DATABASE_URL;
    process.env.DATABASE_URL = hosts.database.url;
    await hosts.file('model.conf', rolesEverywhere);
  });
  afterEach(() => {
    if (url === undefined) delete process.env.DATABASE_URL;
    else process.env.DATABASE_URL = url;
  });

  /** Its DataSource is nobody's but the adapter's, so that nobody but the adapter can close it. */
  async function start(file: string): Promise<INestApplication> {
    const { AppModule } = docs.loader(require, hosts.folder)(file) as { AppModule: Type };
    const testing = await Test.createTestingModule({ imports: [AppModule] }).compile();
    const app = testing.createNestApplication({ logger: false });
    app.use(signIn);
    hosts.alsoClose(app);
    hosts.alsoClose(
      (await app.get<ours.AuthZModuleOptions<TypeORMAdapter>>(ours.AUTHZ_MODULE_OPTIONS).policy) as TypeORMAdapter,
    );
    return app.init();
  }

  const add = async (app: INestApplication, user: string, body: object): Promise<number> => {
    const request = supertest(app.getHttpServer() as never).post('/members');
    return (await request.set('x-user', user).send(body)).status;
  };

  it('compiles, before and after, and would not with a misspelling', () => {
    expect(docs.names).toEqual(['before/app.module.ts', 'app.module.ts', 'grantlog.options.ts', 'log.guard.ts']);
    expect(docs.problems()).toEqual([]);
    expect(docs.with('this.rbac.addRoleForUser', 'this.rbac.addRolForUser').problems()).toHaveLength(2);
  }, 120_000);

  it('keeps its grants and its answers, and records who adds a role', async () => {
    const before = await start('before/app.module.ts');
    const service = before.get(theirs.AuthZService);
    await service.addPermissionForUser('owner', 'members', 'create:any');
    await service.addRoleForUser('ann', 'owner');
    expect(await add(before, 'ann', { name: 'bob', role: 'reader' })).toBe(201);
    expect(await add(before, 'bob', { name: 'bob', role: 'owner' })).toBe(403);

    const after = await start('app.module.ts');
    expect(await add(after, 'bob', { name: 'bob', role: 'owner' })).toBe(403);
    expect(await add(after, 'ann', { name: 'eve', role: 'reader' })).toBe(201);
    expect(await after.get(ours.AuthZService).getUsersForRole('reader')).toEqual(['bob', 'eve']);
    const told = (await recordsOf(after)).map(({ actor, operation, subject, role }) => [
      actor,
      operation,
      subject,
      role,
    ]);
    expect(told).toEqual([
      ['system^import', 'created', 'owner', null],
      ['system^import', 'created', 'ann', 'owner'],
      ['system^import', 'created', 'bob', 'reader'],
      ['user^110', 'created', 'eve', 'reader'],
    ]);
  });

  it('becomes the one after by the line that is given, apart from the database', async () => {
    const [, line = ''] = /```sh\n\s*(.*)\n/.exec(docs.text) ?? [];
    const [before = '', after = ''] = [...docs.text.matchAll(/^\/\/ .*app\.module\.ts\n([\s\S]*?)^```$/gm)].map(
      ([, source]) => source,
    );
    await mkdir(join(hosts.folder, 'src'));
    await mkdir(join(hosts.folder, 'test'));
    const file = join(hosts.folder, 'src', 'app.module.ts');
    await writeFile(file, before);
    await writeFile(join(hosts.folder, 'test', 'app.spec.ts'), 'import { AuthZGuard } from "nest-authz";\n');
    await promisify(execFile)('sh', ['-c', line], { cwd: hosts.folder });
    const moved = (await readFile(file, 'utf8')).split('\n');
    expect(moved.filter((text) => !after.includes(text))).toEqual([
      `      policy: TypeORMAdapter.newAdapter({ type: 'postgres', url: process.env.DATABASE_URL }),`,
    ]);
    const spec = await readFile(join(hosts.folder, 'test', 'app.spec.ts'), 'utf8');
    expect(spec).toBe('import { AuthZGuard } from "grantlog/nest-authz";\n');
  });
});

describe('the options of Grantlog', () => {
  /** The actor of a change that a request makes whose user is this one. */
  const changedBy = async (grantlog: ours.AuthZModuleOptions['grantlog'], user: object): Promise<unknown> => {
    @Controller()
    class Hiring {
      constructor(private readonly service: ours.AuthZService) {}

      @Get('hire')
      hire(@Req() request: { user?: unknown }): Promise<boolean> {
        request.user = user;
        return this.service.addRoleForUser('zoe', 'reader');
      }
    }
    const authz = { ...(await hosts.files(library)), userFromContext, grantlog };
    const app = await hosts.start({ authz, controllers: [Hiring] });
    expect(await asking(app)('/hire')).toBe(200);
    const [record] = (await recordsOf(app)).filter(({ subject }) => subject === 'zoe');
    return record?.actor;
  };

  it.each([
    [{ id: 7, name: 'ada' }, 'user^7'],
    [{ sub: 'a1' }, 'user^a1'],
    [{ name: 'ada' }, null],
  ])('are their defaults: %j acts as %s', async (user, actor) => {
    expect(await changedBy(undefined, user)).toBe(actor);
  });

  /** Those of the document. */
  const documented = (): ours.AuthZModuleOptions['grantlog'] =>
    docs.loader(require, hosts.folder)('grantlog.options.ts').grantlog as ours.AuthZModuleOptions['grantlog'];

  it('say who acts', async () => {
    expect(await changedBy(documented(), { uuid: 'f00' })).toBe('staff^f00');
  });

  it('mount the endpoints behind a guard that asks the policy', async () => {
    const files = await hosts.files(`p, auditor, grantlog, audit.read\ng, ann, auditor\ng, bob, reader`);
    const get = asking(await hosts.start({ authz: { ...files, userFromContext, grantlog: documented() } }));
    const statuses = [undefined, 'bob', 'ann'].map((user) => get('/authz/audit-records', user));
    expect(await Promise.all(statuses)).toEqual([401, 403, 200]);
    expect(await get('/authz/parked', 'bob')).toBe(403);
  });

  it('mount the endpoints behind guards that inject from the imported modules', async () => {
    @Injectable()
    class Readers {
      readonly names = ['ann'];
    }
    @Module({ providers: [Readers], exports: [Readers] })
    class ReadersModule {}
    @Injectable()
    class MayReadTheLog implements CanActivate {
      constructor(private readonly readers: Readers) {}

      canActivate(context: Parameters<CanActivate['canActivate']>[0]): boolean {
        const needed: unknown = Reflect.getMetadata(GRANTLOG_PERMISSION, context.getHandler());
        return needed === 'audit.read' && this.readers.names.some((name) => name === userFromContext(context));
      }
    }
    const options = { ...(await hosts.files(library)), userFromContext, imports: [ReadersModule] };
    const get = asking(await hosts.start({ authz: { ...options, grantlog: { http: { guards: [MayReadTheLog] } } } }));
    expect([await get('/authz/audit-records', 'ann'), await get('/authz/audit-records', 'bob')]).toEqual([200, 403]);
  });

  it('must not open the endpoints by a guard that asks for nothing there', () => {
    class Renamed extends ours.AuthZGuard {}
    class Decides extends ours.AuthZGuard {
      override canActivate(): Promise<boolean> {
        return Promise.resolve(false);
      }
    }
    const register =
      (...guards: Type<CanActivate>[]) =>
      (): unknown =>
        ours.AuthZModule.register({ model: 'm', policy: 'p', userFromContext, grantlog: { http: { guards } } });
    for (const guard of [ours.AuthZGuard, Renamed]) {
      expect(register(Decides, guard)).toThrow(/^grantlog.http.guards: must not hold AuthZGuard/);
    }
    expect(register(Decides)).not.toThrow();
  });
});

it('an app with its table in PostgreSQL does not read it by typeorm-adapter as well', async () => {
  const options = { ...dataSourceOptions(hosts.database.url, 2), entities: [CasbinRule] };
  const dataSource = await new DataSource(options).initialize();
  const adapter = await TypeORMAdapter.newAdapter({ connection: dataSource });
  hosts.alsoClose(adapter);
  const loads = jest.spyOn(TypeORMAdapter.prototype, 'loadPolicy'); // one of the adapter's own would be refused
  const { model } = await hosts.files('');
  const authz = { model, policy: Promise.resolve(adapter), userFromContext, grantlog: { dataSource } };
  const first = await hosts.start({ authz });
  await first.get(ours.AuthZService).addRoleForUser('ann', 'reader');
  const second = await hosts.start({ authz });
  expect(await second.get(ours.AuthZService).getRolesForUser('ann')).toEqual(['reader']);
  expect(loads).not.toHaveBeenCalled();
  loads.mockRestore();
});

it('names without a namespace stand in the records as they are, and are found by how they begin', async () => {
  const app = await hosts.start({ authz: { ...(await hosts.files(library)), userFromContext } });
  await app.get(ours.AuthZService).deleteRoleForUser('ann', 'reader');
  await recordsOf(app);
  const { items } = await app.get(AuditTrail).find({ subjectPrefix: 'ann', operation: 'deleted' });
  expect(items).toMatchObject([{ subject: 'ann', role: 'reader', scope: '*' }]);
});
