import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Controller,
  type DynamicModule,
  type ExecutionContext,
  Get,
  Injectable,
  Module,
  Scope,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { type Enforcer, newEnforcer, StringAdapter } from 'casbin';
import { GrantlogModule, InvalidInputError, NotInstalledError, UnauditedCallError } from 'grantlog';
import { AuthPossession, type AuthZModuleOptions, type AuthZService, type Permission } from 'grantlog/nest-authz';
import TypeORMAdapter from 'typeorm-adapter';
import { MemoryAdapter } from './support/casbin-twin';
import { connect } from './support/database';
import { DocumentedCode } from './support/documented-code';
import { rulesIn } from './support/facts';
import {
  type Ask,
  asking,
  type HostParts,
  Hosts,
  library,
  type NestAuthz,
  packages,
  recordsOf,
  userFromContext,
} from './support/nest-authz-host';

// What docs/nest-authz.md says that differs: nest-authz first, then ours. Each row has its test here, by the same words.
const [theirs, ours] = [packages['nest-authz'], packages['grantlog/nest-authz']];
const both = [theirs, ours] as const;
const open: Hosts[] = [];
const compileTime = 120_000;
const rows: string[] = [];

afterEach(async () => {
  for (const hosts of open.splice(0)) await hosts.end();
});

async function hostsOf(authz: NestAuthz): Promise<Hosts> {
  const hosts = await Hosts.of(authz);
  open.push(hosts);
  return hosts;
}

/** A difference, by the first cell of its row. */
function differs(what: string, test: () => Promise<void>, timeLimit?: number): void {
  rows.push(what);
  it(what, test, timeLimit);
}

/** The service of an app that decides by a policy. */
async function serviceOf(authz: NestAuthz, policy = library): Promise<AuthZService> {
  const hosts = await hostsOf(authz);
  const app = await hosts.start({ authz: { ...(await hosts.files(policy)), userFromContext } });
  return app.get(authz.AuthZService);
}

/** The rules in the table of an app that did not start. */
async function rulesLeftBy(hosts: Hosts): Promise<string[][]> {
  const dataSource = await connect(hosts.database.url, 1);
  try {
    return await rulesIn(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

describe('the decorator', () => {
  /** A permission whose method reads what only this very object has. */
  class OwnBook implements Permission {
    readonly #readers = ['ann'];
    readonly resource = 'book';
    readonly action = 'read';
    readonly possession = AuthPossession.OWN;

    isOwn(context: ExecutionContext): boolean {
      return this.#readers.includes(userFromContext(context) as string);
    }
  }

  /** What ann is answered where a permission is needed. */
  async function answerOf(authz: NestAuthz, permission: Permission): Promise<number> {
    @Controller()
    @UseGuards(authz.AuthZGuard)
    class Books {
      @Get('book')
      @authz.UsePermissions(permission)
      book(): void {}
    }
    const hosts = await hostsOf(authz);
    const options = { ...(await hosts.files(library)), userFromContext };
    return asking(await hosts.start({ authz: options, controllers: [Books] }))('/book', 'ann');
  }

  /** What ann and bob are answered where the controller names a permission, and ann where the handler has one of its own. */
  async function answersOf(authz: NestAuthz): Promise<number[]> {
    const { AuthZGuard, UsePermissions } = authz;
    @Controller()
    @UseGuards(AuthZGuard)
    @UsePermissions({ resource: 'book', action: 'update' })
    class Books {
      @Get('as-the-class')
      asTheClass(): void {}

      @Get('its-own')
      @UsePermissions({ resource: 'book', action: 'read' })
      itsOwn(): void {}
    }
    const hosts = await hostsOf(authz);
    const options = { ...(await hosts.files(library)), userFromContext };
    const get = asking(await hosts.start({ authz: options, controllers: [Books] }));
    return [await get('/as-the-class', 'ann'), await get('/as-the-class', 'bob'), await get('/its-own', 'ann')];
  }

  differs('`@UsePermissions` on a controller', async () => {
    expect(await answersOf(theirs)).toEqual([200, 200, 200]);
    expect(await answersOf(ours)).toEqual([403, 200, 200]);
  });

  differs('what `@UsePermissions` and `register` are given', async () => {
    const given = both.map((authz) => {
      const permission: Permission = { resource: 'book', action: 'read' };
      authz.UsePermissions(permission);
      const options: AuthZModuleOptions = { model: 'model.conf', policy: 'policy.csv', userFromContext };
      authz.AuthZModule.register(options);
      return [Object.keys(permission).length, options.enablePossession];
    });
    expect(given).toEqual([
      [6, true],
      [2, undefined],
    ]);
    expect(await answerOf(theirs, new OwnBook())).toBe(200);
    expect(await answerOf(ours, new OwnBook())).toBe(500);
  });
});

describe('changes', () => {
  differs('a change, by whatever call', async () => {
    const hosts = await hostsOf(ours);
    const app = await hosts.start({ authz: { ...(await hosts.files(library)), userFromContext } });
    const before = (await recordsOf(app)).length;
    await app.get(ours.AuthZService).addRoleForUser('eve', 'reader');
    await app.get(ours.AuthZRBACService).deleteRoleForUser('eve', 'reader');
    await app.get(ours.AuthZManagementService).addPolicy('reader', 'shelf', 'read:any');
    await app.get<Enforcer>(ours.AUTHZ_ENFORCER).deleteUser('bob');
    const facts = (await recordsOf(app)).slice(before).map(({ type, subject, role }) => [type, subject, role]);
    expect(facts).toEqual([
      ['role_assignment.created', 'eve', 'reader'],
      ['role_assignment.deleted', 'eve', 'reader'],
      ['policy.created', 'reader', null],
      ['role_assignment.deleted', 'bob', 'reader'],
      ['role_assignment.deleted', 'bob', 'writer'],
    ]);
  });

  differs('calls of the `enforcer` that change memory only, or replace a part of it', async () => {
    const [plain, audited] = [await serviceOf(theirs), await serviceOf(ours)];
    expect(await plain.enforcer.selfAddPolicy('p', 'p', ['eve', 'book', 'read:any'])).toBe(true);
    await expect(audited.enforcer.selfAddPolicy('p', 'p', ['eve', 'book', 'read:any'])).rejects.toThrow(
      UnauditedCallError,
    );
    plain.enforcer.clearPolicy();
    expect(() => audited.enforcer.clearPolicy()).toThrow(UnauditedCallError);
    expect([(await plain.getPolicy()).length, (await audited.getPolicy()).length]).toEqual([0, 6]);
  });

  differs('an enforcer that the host has built', async () => {
    const seen = await Promise.all(
      both.map(async (authz) => {
        const hosts = await hostsOf(authz);
        const { model, policy } = await hosts.files(library);
        const built = await newEnforcer(model, policy);
        const enforcerProvider = { provide: authz.AUTHZ_ENFORCER, useValue: built };
        const app = await hosts.start({ authz: { enforcerProvider, userFromContext } });
        await built.addGroupingPolicy('eve', 'reader');
        const injected = app.get<Enforcer>(authz.AUTHZ_ENFORCER);
        return { isInjected: injected === built, follows: await injected.enforce('eve', 'book', 'read:any') };
      }),
    );
    expect(seen).toEqual([
      { isInjected: true, follows: true },
      { isInjected: false, follows: true },
    ]);
  });

  differs("what [casbin-differences](casbin-differences.md) says of Casbin's calls, such as `deleteRole`", async () => {
    const services = [await serviceOf(theirs), await serviceOf(ours)];
    for (const service of services) expect(await service.deleteRole('reader')).toBe(true);
    expect(await Promise.all(services.map((service) => service.getRolesForUser('ann')))).toEqual([['reader'], []]);
  });
});

describe('the policy', () => {
  /** Who reads after ann was removed, the app started anew, and zoe written into the file. */
  async function readersAfterRestart(authz: NestAuthz): Promise<string[]> {
    const hosts = await hostsOf(authz);
    const options = { ...(await hosts.files(library)), userFromContext };
    const first = await hosts.start({ authz: options });
    await first.get(authz.AuthZService).deleteRoleForUser('ann', 'reader');
    await hosts.files(`${library}\ng, zoe, reader`);
    const second = await hosts.start({ authz: options });
    return (await second.get(authz.AuthZService).getUsersForRole('reader')).sort();
  }

  differs('a policy file, or an adapter other than typeorm-adapter on PostgreSQL', async () => {
    expect(await readersAfterRestart(theirs)).toEqual(['ann', 'bob', 'zoe']);
    expect(await readersAfterRestart(ours)).toEqual(['bob', 'zoe']);
  });

  differs('a rule in it with too few or too many values', async () => {
    const service = await serviceOf(theirs, `${library}\np, short, book`);
    expect(await service.getPermissionsForUser('short')).toEqual([['short', 'book']]);
    await expect(serviceOf(ours, `${library}\np, short, book`)).rejects.toThrow(/: rules\[6\]: "p" takes 3 values/);
  });

  differs('no `[role_definition]` in the model', async () => {
    const accessList = `
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.sub == p.sub && r.obj == p.obj && r.act == p.act`;
    const start = async (authz: NestAuthz): Promise<AuthZService> => {
      const hosts = await hostsOf(authz);
      const app = await hosts.start({
        authz: { ...(await hosts.files('p, ann, book, read', accessList)), userFromContext },
      });
      return app.get(authz.AuthZService);
    };
    expect(await (await start(theirs)).enforce('ann', 'book', 'read')).toBe(true);
    await expect(start(ours)).rejects.toThrow(InvalidInputError);
  });

  differs('`TypeORMAdapter.newAdapter({ … })` with its default `synchronize: true`', async () => {
    const start = async (authz: NestAuthz): Promise<AuthZService> => {
      const hosts = await hostsOf(authz);
      const adapter = await TypeORMAdapter.newAdapter({ type: 'postgres', url: hosts.database.url });
      hosts.alsoClose(adapter);
      const options = { model: (await hosts.files('')).model, policy: Promise.resolve(adapter), userFromContext };
      return (await hosts.start({ authz: options })).get(authz.AuthZService);
    };
    expect(await (await start(theirs)).addRoleForUser('ann', 'reader')).toBe(true);
    await expect(start(ours)).rejects.toThrow(/synchronize: false/);
  });

  differs('the database', async () => {
    const { model } = await (await hostsOf(theirs)).files(library);
    const policy = Promise.resolve(new MemoryAdapter());
    const authz = { model, policy, userFromContext };
    const start = async (side: NestAuthz): Promise<unknown> => (await hostsOf(side)).start({ authz, migrations: [] });
    await start(theirs);
    await expect(start(ours)).rejects.toThrow(NotInstalledError);
    const overridden = (side: NestAuthz): Promise<unknown> =>
      Test.createTestingModule({ imports: [side.AuthZModule.register(authz)] })
        .overrideProvider(side.AUTHZ_ENFORCER)
        .useValue({})
        .compile();
    await overridden(theirs);
    await expect(overridden(ours)).rejects.toThrow(/needs a DataSource/);
  });
});

describe('the module', () => {
  /** A module with a handler that names a permission. */
  function reading(authz: NestAuthz, resource: string, imports: DynamicModule[] = []): Type {
    @Controller()
    @UseGuards(authz.AuthZGuard)
    class Reading {
      @Get(resource)
      @authz.UsePermissions({ resource, action: 'read' })
      read(): void {}
    }
    @Module({ imports, controllers: [Reading] })
    class ReadingModule {}
    return ReadingModule;
  }

  differs('a second `AuthZModule.register` in one app, or `GrantlogModule` beside it', async () => {
    const start = async (hosts: Hosts, second: (model: string, policy: string) => DynamicModule): Promise<Ask> => {
      const panel = await hosts.files('p, admin, panel, read:any\ng, ann, admin');
      const shop = second(panel.model, await hosts.file('shop.csv', 'p, admin, shop, read:any\ng, bob, admin'));
      const imports = [reading(hosts.authz, 'panel'), reading(hosts.authz, 'shop', [shop])];
      return asking(await hosts.start({ authz: { ...panel, userFromContext }, imports }));
    };
    const registered =
      (authz: NestAuthz) =>
      (model: string, policy: string): DynamicModule =>
        authz.AuthZModule.register({ model, policy, userFromContext });

    const get = await start(await hostsOf(theirs), registered(theirs));
    expect([await get('/panel', 'ann'), await get('/shop', 'ann')]).toEqual([200, 403]);
    expect([await get('/panel', 'bob'), await get('/shop', 'bob')]).toEqual([403, 200]);

    for (const second of [registered(ours), (model: string) => GrantlogModule.forRoot({ model })]) {
      const hosts = await hostsOf(ours);
      await expect(start(hosts, second)).rejects.toThrow(/^GrantlogModule: is in this app 2 times/);
      expect(await rulesLeftBy(hosts)).toEqual([]);
    }
  });

  differs('`enforcerProvider` that provides a mock, as `useValue: { enforce }`', async () => {
    const mock = { enforce: async (user: string) => user === 'eve' };
    const enforcerOf = (authz: NestAuthz): HostParts => ({
      authz: { enforcerProvider: { provide: authz.AUTHZ_ENFORCER, useValue: mock }, userFromContext },
      imports: [reading(authz, 'book')],
    });
    const get = asking(await (await hostsOf(theirs)).start(enforcerOf(theirs)));
    expect([await get('/book', 'eve'), await get('/book', 'ann')]).toEqual([200, 403]);
    await expect((await hostsOf(ours)).start(enforcerOf(ours))).rejects.toThrow(
      /^enforcerProvider: must provide an enforcer .* overrideProvider\(AUTHZ_ENFORCER\)/,
    );

    const hosts = await hostsOf(ours);
    const authz = { ...(await hosts.files(library)), userFromContext };
    const override = (builder: TestingModuleBuilder): TestingModuleBuilder =>
      builder.overrideProvider(ours.AUTHZ_ENFORCER).useValue(mock);
    const overridden = asking(await hosts.start({ authz, imports: [reading(ours, 'book')], override }));
    expect([await overridden('/book', 'eve'), await overridden('/book', 'ann')]).toEqual([200, 403]);
  });

  differs('`enforcerProvider` that provides another token, or is a class', async () => {
    @Injectable()
    class Provided {}
    const other = { provide: 'ENFORCER', useValue: {} };
    for (const enforcerProvider of [Provided, other]) {
      const hosts = await hostsOf(theirs);
      await expect(hosts.start({ authz: { enforcerProvider, userFromContext } })).rejects.toThrow('AUTHZ_ENFORCER');
      expect(() => ours.AuthZModule.register({ enforcerProvider, userFromContext })).toThrow(
        /^enforcerProvider: must be { provide: AUTHZ_ENFORCER/,
      );
    }
  });

  differs('`enforcerProvider` with `scope: Scope.REQUEST`', async () => {
    const start = async (authz: NestAuthz): Promise<number> => {
      const hosts = await hostsOf(authz);
      const { model } = await hosts.files(library);
      @Controller()
      @UseGuards(authz.AuthZGuard)
      class Books {
        @Get('books')
        @authz.UsePermissions({ resource: 'book', action: 'read' })
        books(): void {}
      }
      const enforcerProvider = {
        provide: authz.AUTHZ_ENFORCER,
        scope: Scope.REQUEST,
        useFactory: () => newEnforcer(model, new StringAdapter(library)),
      };
      const options = { enforcerProvider, userFromContext };
      return asking(await hosts.start({ authz: options, controllers: [Books] }))('/books', 'ann');
    };
    expect(await start(theirs)).toBe(200);
    await expect(start(ours)).rejects.toThrow(/^enforcerProvider: makes an enforcer for each request/);
  });

  differs('`enforce` and its three relatives of `AuthZManagementService`', async () => {
    const answers = both.map(async (authz) => {
      const { enforcer } = await serviceOf(authz);
      const service = new authz.AuthZManagementService(enforcer);
      const request = ['ann', 'book', 'read:any'] as const;
      const asked = [
        service.enforce(...request),
        service.enforceEx(...request),
        service.enforceWithMatcher('r.obj == p.obj', ...request),
        service.enforceExWithMatcher('r.obj == p.obj', ...request),
      ];
      return (await Promise.allSettled(asked)).map((answer) => answer.status);
    });
    const [refused, answered] = await Promise.all(answers);
    expect(refused).toEqual(Array(4).fill('rejected'));
    expect(answered).toEqual(Array(4).fill('fulfilled'));
  });
});

describe('the types', () => {
  differs(
    'a subclass of a service that overrides one of its methods',
    async () => {
      const code = DocumentedCode.of('docs/nest-authz.md').with(
        'AuthZRBACService, Use',
        'AuthZRBACService, AuthZService, Use',
      );
      const overriding = (member: string): string[] =>
        code
          .with('export class AppModule', `class Own extends AuthZService { ${member} }\nexport class AppModule`)
          .problems();
      const method = overriding('override async addPolicy(...rule: string[]) { return rule.length > 0; }');
      expect(method).toEqual([expect.stringContaining('defines instance member property')]);
      expect(overriding('override addPolicy = async (...rule: string[]) => rule.length > 0;')).toEqual([]);
    },
    compileTime,
  );
});

describe('docs/nest-authz.md', () => {
  it('has a row for each of these differences, and no other', () => {
    const text = readFileSync(join(__dirname, '..', 'docs', 'nest-authz.md'), 'utf8');
    const [, table = ''] = /## What differs\n([\s\S]*?)\n## /.exec(text) ?? [];
    const cells = table
      .split('\n')
      .filter((line) => /^\| (?!-+ |what +\|)/.test(line))
      .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').trim()));
    expect(cells.map(([what]) => what).sort()).toEqual([...rows].sort());
    for (const row of cells) expect(row.slice(0, 3)).not.toContain('');
  });
});
