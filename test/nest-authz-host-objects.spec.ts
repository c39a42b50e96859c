import { Controller, type ExecutionContext, Get, SetMetadata, UseGuards } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Enforcer } from 'casbin';
import {
  type AuthZGuard as Guard,
  AuthPossession,
  type AuthZModuleOptions,
  type Permission,
} from 'grantlog/nest-authz';
import { type Ask, asking, Hosts, library, packages, userFromContext } from './support/nest-authz-host';

// What holds for nest-authz itself and for grantlog/nest-authz: what the host's own objects are, and what they are asked.

/** Options as an object of a class, whose methods need it. */
class ShelfOptions implements AuthZModuleOptions {
  private readonly header = 'x-subject';

  constructor(
    readonly model: string,
    readonly policy: string,
  ) {}

  userFromContext(context: ExecutionContext): string {
    return context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers[this.header] ?? '';
  }

  resourceFromContext(): string {
    return this.policy.endsWith('.csv') ? 'shelf' : '';
  }
}

/** A permission as an object of a class; what it needs stands in its prototype. */
class ReadBook implements Permission {
  constructor(readonly owner: string) {}

  get resource(): string {
    return 'book';
  }

  get action(): string {
    return 'read';
  }

  get possession(): AuthPossession {
    return AuthPossession.OWN_ANY;
  }

  isOwn(context: ExecutionContext): boolean {
    return userFromContext(context) === this.owner;
  }
}

describe.each(Object.entries(packages))('%s', (_name, authz) => {
  const { AuthZGuard, BatchApproval, PERMISSIONS_METADATA, UsePermissions } = authz;
  let hosts: Hosts;
  beforeAll(async () => {
    hosts = await Hosts.of(authz);
  });
  afterAll(() => hosts.end());

  async function startedWith(controller: new () => unknown, options: Partial<AuthZModuleOptions> = {}): Promise<Ask> {
    const given = Object.assign(options, await hosts.files(library));
    return asking(await hosts.start({ authz: { userFromContext, ...given }, controllers: [controller] }));
  }

  describe('objects with methods', () => {
    const byShelf: Permission & { shelf: string } = {
      resource: 'book',
      action: 'read',
      possession: AuthPossession.OWN,
      shelf: 'novels',
      isOwn(context) {
        const { url } = context.switchToHttp().getRequest<{ url: string }>();
        return url.endsWith(this.shelf);
      },
    };

    @Controller()
    @UseGuards(AuthZGuard)
    class Books {
      @Get('shelves/:which')
      @UsePermissions(byShelf)
      shelf(): void {}

      @Get('of-a-class')
      @UsePermissions(new ReadBook('eve'))
      ofAClass(): void {}

      @Get('by-the-module')
      @UsePermissions({ resource: 'nothing', action: 'borrow', resourceFromContext: true })
      byTheModule(): void {}
    }

    it('a permission: isOwn reads it by this', async () => {
      const get = await startedWith(Books);
      expect([await get('/shelves/novels', 'eve'), await get('/shelves/poems', 'eve')]).toEqual([200, 403]);
    });

    it('a permission of a class: its getters and methods answer', async () => {
      const get = await startedWith(Books);
      expect([await get('/of-a-class', 'ann'), await get('/of-a-class', 'eve')]).toEqual([200, 200]);
      expect([await get('/of-a-class', 'tom'), await get('/of-a-class')]).toEqual([403, 401]);
    });

    it('options: resourceFromContext reads them by this', async () => {
      const options = {
        shelf: 'shelf',
        resourceFromContext(): string {
          return this.shelf;
        },
      };
      const get = await startedWith(Books, options);
      expect([await get('/by-the-module', 'bob'), await get('/by-the-module', 'ann')]).toEqual([200, 403]);
    });

    it('options of a class', async () => {
      const { model, policy } = await hosts.files(library);
      const options = new ShelfOptions(model, policy);
      const app = await hosts.start({ authz: options, controllers: [Books] });
      const ask = (subject: string): Promise<number> =>
        asking(app)('/by-the-module', undefined, { 'x-subject': subject });
      expect([await ask('bob'), await ask('ann'), await ask('')]).toEqual([200, 403, 401]);
      expect(app.get(authz.AUTHZ_MODULE_OPTIONS)).toBeInstanceOf(ShelfOptions);
    });
  });

  describe('metadata that the host sets by itself', () => {
    const read = { resource: 'book', action: 'read', possession: AuthPossession.ANY };

    @Controller()
    @UseGuards(AuthZGuard)
    class Books {
      @Get('one-of')
      @SetMetadata(PERMISSIONS_METADATA, [{ ...read, resourceFromContext: () => ['book', 'nothing'] }])
      oneOf(): void {}

      @Get('none')
      @SetMetadata(PERMISSIONS_METADATA, [{ ...read, resourceFromContext: () => ['nothing', 'else'] }])
      none(): void {}

      @Get('not-said')
      @SetMetadata(PERMISSIONS_METADATA, [read])
      notSaid(): void {}

      @Get('false')
      @SetMetadata(PERMISSIONS_METADATA, [{ ...read, resourceFromContext: false }])
      isFalse(): void {}

      @Get('without-possession')
      @SetMetadata(PERMISSIONS_METADATA, [{ ...read, possession: undefined, resourceFromContext: true }])
      withoutPossession(): void {}
    }

    it('counts on the batchApproval of the module', async () => {
      const get = await startedWith(Books, { batchApproval: BatchApproval.ANY });
      expect([await get('/one-of', 'ann'), await get('/none', 'ann')]).toEqual([200, 403]);
      expect(await (await startedWith(Books))('/one-of', 'ann')).toBe(403);
    });

    it.each(['/not-said', '/false'])('lets nobody through that says no resourceFromContext: %s', async (path) => {
      expect(await (await startedWith(Books))(path, 'ann')).toBe(500);
    });

    it('has no possession that is not named', async () => {
      expect(await (await startedWith(Books))('/without-possession', 'ann')).toBe(403);
    });
  });

  describe('the guard in a test of the host', () => {
    class Books {
      @UsePermissions({ resource: 'book', action: 'read' })
      read(): void {}

      @UsePermissions({ resource: '', action: 'read', resourceFromContext: () => ['book', 'shelf'] })
      readAll(): void {}
    }
    const enforcer = {
      enforce: async (user: string) => user === 'ann',
      batchEnforce: async () => [undefined, true],
    } as unknown as Enforcer;
    const guardFor = (user: string, reflector = new Reflector()): Guard =>
      new AuthZGuard(reflector, enforcer, { userFromContext: () => user, enablePossession: true });
    const contextOf = (handler: unknown, more: object = {}): ExecutionContext =>
      ({ getHandler: () => handler, ...more }) as ExecutionContext;
    const reading = contextOf(Books.prototype.read, { getClass: () => Books });

    it.each([
      ['behind a proxy', (guard: Guard) => new Proxy(guard, {})],
      ['as the prototype of another', (guard: Guard) => Object.create(guard) as Guard],
    ])('decides %s', async (_how, wrapped) => {
      const answers = ['ann', 'eve'].map((user) => wrapped(guardFor(user)).canActivate(reading));
      expect(await Promise.all(answers)).toEqual([true, false]);
    });

    it.each([
      ['no getClass', {}],
      ['one that knows no class', { getClass: () => undefined }],
    ])('takes a context with %s', async (_what, more) => {
      const context = contextOf(Books.prototype.read, more);
      expect([await guardFor('ann').canActivate(context), await guardFor('eve').canActivate(context)]).toEqual([
        true,
        false,
      ]);
    });

    it('takes a reflector that has get alone', async () => {
      const reflector = { get: () => [new ReadBook('nobody')] } as unknown as Reflector;
      await expect(guardFor('', reflector).canActivate(reading)).rejects.toThrow('Unauthorized');
    });

    it('takes an answer of a mocked batchEnforce for no if it is not yes', async () => {
      expect(await guardFor('ann').canActivate(contextOf(Books.prototype.readAll))).toBe(false);
    });
  });
});
