import {
  Controller,
  type ExecutionContext,
  Get,
  type INestApplication,
  Injectable,
  Module,
  UseGuards,
} from '@nestjs/common';
import { Enforcer, newEnforcer } from 'casbin';
import type { AuthUser } from 'grantlog/nest-authz';
import { asking, Hosts, library, packages, segment, userFromContext } from './support/nest-authz-host';

// What holds for nest-authz itself and for grantlog/nest-authz: the module, its options and what it provides.
describe.each(Object.entries(packages))('%s', (_name, authz) => {
  const { AuthActionVerb, AuthPossession, AuthZGuard, BatchApproval, UsePermissions } = authz;
  const { READ } = AuthActionVerb;
  let hosts: Hosts;
  beforeAll(async () => {
    hosts = await Hosts.of(authz);
  });
  afterAll(() => hosts.end());

  describe('the options', () => {
    @Controller()
    @UseGuards(AuthZGuard)
    class Books {
      @Get('read')
      @UsePermissions({ resource: 'book', action: READ, possession: AuthPossession.OWN, isOwn: () => true })
      read(): void {}

      @Get('one-of')
      @UsePermissions({ resource: '', action: READ, resourceFromContext: () => ['book', 'shelf'] })
      oneOf(): void {}

      @Get('from-context')
      @UsePermissions({ resource: 'book', action: READ, resourceFromContext: true })
      fromContext(): void {}
    }

    it('enablePossession: false asks for the bare action, whatever the possession', async () => {
      const options = { ...(await hosts.files(library)), userFromContext, enablePossession: false };
      const get = asking(await hosts.start({ authz: options, controllers: [Books] }));
      expect([await get('/read', 'tom'), await get('/read', 'ann'), await get('/read')]).toEqual([200, 403, 401]);
    });

    it('batchApproval has no effect: the decorator says all where nothing is said', async () => {
      const options = { ...(await hosts.files(library)), userFromContext, batchApproval: BatchApproval.ANY };
      const get = asking(await hosts.start({ authz: options, controllers: [Books] }));
      expect(await get('/one-of', 'ann')).toBe(403);
    });

    it('without resourceFromContext a permission that counts on it keeps its resource', async () => {
      const options = { ...(await hosts.files(library)), userFromContext };
      const get = asking(await hosts.start({ authz: options, controllers: [Books] }));
      expect([await get('/from-context', 'ann'), await get('/from-context', 'tom')]).toEqual([200, 403]);
    });

    it('are injected under AUTHZ_MODULE_OPTIONS, with possession on', async () => {
      const app = await hosts.start({ authz: { ...(await hosts.files(library)), userFromContext } });
      expect(app.get(authz.AUTHZ_MODULE_OPTIONS)).toMatchObject({ enablePossession: true, userFromContext });
    });

    it('must say which enforcer', async () => {
      const { model, policy } = await hosts.files(library);
      for (const options of [{}, { model }, { policy }]) {
        expect(() => authz.AuthZModule.register({ ...options, userFromContext })).toThrow(
          /enforcerProvider.*model and policy/,
        );
      }
    });
  });

  it('decides by the attributes of users and resources that are objects', async () => {
    const model = `
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = (r.sub.admin || g(r.sub.name, p.sub)) && r.obj.type == p.obj && r.act == p.act`;

    @Controller()
    @UseGuards(AuthZGuard)
    class Books {
      @Get('books')
      @UsePermissions({ resource: { type: 'book' }, action: READ })
      books(): void {}

      @Get('each/:what')
      @UsePermissions({
        resource: {},
        action: READ,
        resourceFromContext: (context) => [{ type: 'book' }, { type: segment(context) }],
      })
      each(): void {}
    }

    const admins = (context: ExecutionContext): AuthUser => {
      const name = userFromContext(context);
      return { name, admin: name === 'root' };
    };
    const options = { ...(await hosts.files(library, model)), userFromContext: admins };
    const get = asking(await hosts.start({ authz: options, controllers: [Books] }));
    expect([await get('/books', 'ann'), await get('/books', 'root'), await get('/books', 'eve')]).toEqual([
      200, 200, 403,
    ]);
    expect([await get('/each/book', 'ann'), await get('/each/shelf', 'ann')]).toEqual([200, 403]);
  });

  it('takes an enforcer of the host’s, whose provider injects from imported modules', async () => {
    @Injectable()
    class Policies {
      readonly files = hosts.files(library);
    }
    @Module({ providers: [Policies], exports: [Policies] })
    class PoliciesModule {}
    @Controller()
    @UseGuards(AuthZGuard)
    class Books {
      @Get('books')
      @UsePermissions({ resource: 'book', action: READ })
      books(): void {}
    }
    let optionsSeen: unknown;
    const options = {
      userFromContext,
      imports: [PoliciesModule],
      enforcerProvider: {
        provide: authz.AUTHZ_ENFORCER,
        inject: [Policies, authz.AUTHZ_MODULE_OPTIONS],
        useFactory: async (policies: Policies, seen: unknown) => {
          optionsSeen = seen;
          const { model, policy } = await policies.files;
          return newEnforcer(model, policy);
        },
      },
    };
    const app = await hosts.start({ authz: options, controllers: [Books] });
    const get = asking(app);
    expect([await get('/books', 'ann'), await get('/books', 'eve'), await get('/books')]).toEqual([200, 403, 401]);
    expect(optionsSeen).toBe(app.get(authz.AUTHZ_MODULE_OPTIONS));
  });

  describe('a subclass of the guard', () => {
    /** Lets one header through, tells which permissions are enforced, and refuses while the option of the host says so. */
    @Injectable()
    class HostsGuard extends AuthZGuard {
      static readonly enforced: unknown[][] = [];

      override async canActivate(context: ExecutionContext): Promise<boolean> {
        const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
        if (headers['x-key'] === 'master') return true;
        const named = this.reflector.get<unknown[] | undefined>(authz.PERMISSIONS_METADATA, context.getHandler());
        if (named === undefined) return (await this.enforcer.getAllRoles()).length === 0;
        return this.options.enablePossession === true && super.canActivate(context);
      }

      override enforce(...given: Parameters<InstanceType<typeof AuthZGuard>['enforce']>): Promise<boolean> {
        HostsGuard.enforced.push(given);
        return super.enforce(...given);
      }
    }

    @Controller()
    @UseGuards(HostsGuard)
    class Books {
      @Get('open')
      open(): void {}

      @Get('books')
      @UsePermissions({ resource: 'book', action: READ, batchApproval: BatchApproval.ANY })
      books(): void {}
    }

    it('reads reflector, enforcer and options, and is asked for each decision', async () => {
      const options = { ...(await hosts.files(library)), userFromContext };
      const get = asking(await hosts.start({ authz: options, controllers: [Books] }));
      expect([await get('/open', 'ann'), await get('/open', 'ann', { 'x-key': 'master' })]).toEqual([403, 200]);
      expect([await get('/books', 'ann'), await get('/books', 'eve'), await get('/books')]).toEqual([200, 403, 401]);
      expect(await get('/books', 'eve', { 'x-key': 'master' })).toBe(200);
      expect(HostsGuard.enforced).toEqual([
        ['ann', 'book', 'read:any', 'any'],
        ['eve', 'book', 'read:any', 'any'],
      ]);
    });
  });

  describe('the providers', () => {
    let app: INestApplication;
    @Injectable()
    class Elsewhere {
      constructor(
        readonly service: InstanceType<typeof authz.AuthZService>,
        readonly guard: InstanceType<typeof AuthZGuard>,
      ) {}
    }
    Reflect.defineMetadata('design:paramtypes', [authz.AuthZService, AuthZGuard], Elsewhere);
    beforeAll(async () => {
      app = await hosts.start({ authz: { ...(await hosts.files(library)), userFromContext }, providers: [Elsewhere] });
    });

    it('are there for every module of the app', () => {
      const { service, guard } = app.get(Elsewhere);
      expect(service).toBeInstanceOf(authz.AuthZService);
      expect(guard).toBeInstanceOf(AuthZGuard);
    });

    it('share one enforcer of Casbin’s', () => {
      const enforcer = app.get<Enforcer>(authz.AUTHZ_ENFORCER);
      expect(enforcer).toBeInstanceOf(Enforcer);
      for (const service of [authz.AuthZService, authz.AuthZRBACService, authz.AuthZManagementService]) {
        expect(app.get<{ enforcer: Enforcer }>(service).enforcer).toBe(enforcer);
      }
    });
  });

  it('keeps the permissions of a handler under __PERMISSIONS__, with every default filled in', () => {
    class Books {
      @UsePermissions({ resource: 'book', action: 'read' })
      read(): void {}
    }
    const [permission] = Reflect.getMetadata(authz.PERMISSIONS_METADATA, Books.prototype.read);
    const { isOwn, resourceFromContext } = permission;
    expect(permission).toMatchObject({ resource: 'book', action: 'read', possession: 'any', batchApproval: 'all' });
    expect([isOwn(), resourceFromContext(undefined, permission)]).toEqual([false, 'book']);
  });
});

describe('both packages', () => {
  const [theirs, ours] = [packages['nest-authz'], packages['grantlog/nest-authz']];

  it('export the same names', () => {
    expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort());
  });

  it('give tokens and enums the same values', () => {
    const values = Object.entries(theirs).filter(([, value]) => typeof value !== 'function');
    expect(values).toHaveLength(7);
    expect(ours).toMatchObject(Object.fromEntries(values));
    for (const name of ['AuthAction', 'AuthActionVerb', 'AuthPossession', 'BatchApproval'] as const) {
      expect(ours[name]).toEqual(theirs[name]);
    }
  });
});
