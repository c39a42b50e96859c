import { Controller, type ExecutionContext, Get, UseGuards } from '@nestjs/common';
import type { PermissionData } from 'grantlog/nest-authz';
import { type Ask, asking, Hosts, library, packages, segment, userFromContext } from './support/nest-authz-host';

// What holds for nest-authz itself and for grantlog/nest-authz: whoever changes the import goes on with the same answers.

/** Whose the resource is stands in a header. */
const isOwn = (context: ExecutionContext): boolean => {
  const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user: { name: string } }>();
  return request.headers['x-owner'] === request.user.name;
};
describe.each(Object.entries(packages))('%s', (_name, authz) => {
  const { AuthActionVerb, AuthPossession, AuthZGuard, BatchApproval, UsePermissions } = authz;
  const { READ, UPDATE } = AuthActionVerb;
  let hosts: Hosts;
  beforeAll(async () => {
    hosts = await Hosts.of(authz);
  });
  afterAll(() => hosts.end());

  describe('the guard', () => {
    const told: PermissionData[] = [];

    @Controller()
    @UseGuards(AuthZGuard)
    class Library {
      @Get('open')
      open(): void {}

      @Get('books')
      @UsePermissions({ resource: 'book', action: READ })
      books(): void {}

      @Get('any')
      @UsePermissions({ resource: 'book', action: READ, possession: AuthPossession.ANY, isOwn: () => true })
      any(): void {}

      @Get('own')
      @UsePermissions({ resource: 'book', action: READ, possession: AuthPossession.OWN, isOwn })
      own(): void {}

      @Get('nobodys')
      @UsePermissions({ resource: 'book', action: READ, possession: AuthPossession.OWN })
      nobodys(): void {}

      @Get('own-or-any')
      @UsePermissions({ resource: 'book', action: READ, possession: AuthPossession.OWN_ANY, isOwn })
      ownOrAny(): void {}

      @Get('several')
      @UsePermissions({ resource: 'book', action: READ }, { resource: 'book', action: UPDATE })
      several(): void {}

      @Get('none')
      @UsePermissions()
      none(): void {}

      @Get('verb-of-its-own')
      @UsePermissions({ resource: 'shelf', action: 'borrow' })
      verbOfItsOwn(): void {}

      @Get('by-the-module/:what')
      @UsePermissions({ resource: 'nothing', action: READ, resourceFromContext: true })
      byTheModule(): void {}

      @Get('by-a-function/:what')
      @UsePermissions({ resource: 'nothing', action: READ, resourceFromContext: segment })
      byAFunction(): void {}

      @Get('as-it-stands/:what')
      @UsePermissions({ resource: 'book', action: READ, resourceFromContext: false })
      asItStands(): void {}

      @Get('told')
      @UsePermissions({
        resource: 'book',
        action: READ,
        isOwn,
        resourceFromContext: (_context, permission) => {
          told.push(permission);
          return permission.resource;
        },
      })
      told(): void {}

      @Get('all-of/:what')
      @UsePermissions({ resource: '', action: READ, resourceFromContext: (context) => segment(context).split('+') })
      allOf(): void {}

      @Get('one-of/:what')
      @UsePermissions({
        resource: '',
        action: READ,
        resourceFromContext: (context) => segment(context).split('+'),
        batchApproval: BatchApproval.ANY,
      })
      oneOf(): void {}

      @Get('no-resource')
      @UsePermissions({ resource: '', action: READ, resourceFromContext: () => [] })
      noResource(): void {}

      @Get('broken')
      @UsePermissions({
        resource: 'book',
        action: READ,
        resourceFromContext: () => {
          throw new Error('no such book');
        },
      })
      broken(): void {}
    }

    let get: Ask;
    beforeAll(async () => {
      const resourceFromContext = segment;
      const options = { ...(await hosts.files(library)), userFromContext, resourceFromContext };
      get = asking(await hosts.start({ authz: options, controllers: [Library] }));
    });

    it('lets everybody through where no permission is named', async () => {
      expect(await get('/open')).toBe(200);
    });

    it('answers 401 to nobody, 403 to those who may not, and lets those through who may', async () => {
      expect([await get('/books'), await get('/books', 'eve'), await get('/books', 'ann')]).toEqual([401, 403, 200]);
    });

    it('asks for any possession where none is named: the action is read:any', async () => {
      for (const path of ['/books', '/any']) {
        expect([await get(path, 'ann'), await get(path, 'tom')]).toEqual([200, 403]);
      }
    });

    it('asks isOwn, and not the policy, for own', async () => {
      const owner = { 'x-owner': 'eve' };
      expect([await get('/own', 'eve', owner), await get('/own', 'ann', owner)]).toEqual([200, 403]);
      expect([await get('/own', 'tom'), await get('/own')]).toEqual([403, 401]);
    });

    it('takes a resource for nobody’s own unless isOwn says otherwise', async () => {
      expect([await get('/nobodys', 'ann'), await get('/nobodys', 'tom')]).toEqual([403, 403]);
    });

    it('asks the policy or isOwn for own|any', async () => {
      const owner = { 'x-owner': 'eve' };
      expect([await get('/own-or-any', 'ann'), await get('/own-or-any', 'eve', owner)]).toEqual([200, 200]);
      expect([await get('/own-or-any', 'eve'), await get('/own-or-any', 'tom')]).toEqual([403, 403]);
    });

    it('asks for all of several permissions', async () => {
      expect([await get('/several', 'ann'), await get('/several', 'bob')]).toEqual([403, 200]);
    });

    it('asks for a user alone where the list of permissions is empty', async () => {
      expect([await get('/none'), await get('/none', 'eve')]).toEqual([401, 200]);
    });

    it('knows verbs of the host', async () => {
      expect([await get('/verb-of-its-own', 'ann'), await get('/verb-of-its-own', 'bob')]).toEqual([403, 200]);
    });

    it.each(['by-the-module', 'by-a-function'])('takes the resource from the request: %s', async (how) => {
      expect([await get(`/${how}/book`, 'ann'), await get(`/${how}/shelf`, 'ann')]).toEqual([200, 403]);
    });

    it('takes the resource as it stands with resourceFromContext: false', async () => {
      expect(await get('/as-it-stands/shelf', 'ann')).toBe(200);
    });

    it('tells resourceFromContext resource, action and possession', async () => {
      told.length = 0;
      expect(await get('/told', 'ann')).toBe(200);
      expect(told).toEqual([{ resource: 'book', action: 'read', possession: 'any' }]);
    });

    it('asks for all of several resources, or for one', async () => {
      const paths = ['/all-of/book', '/all-of/book+shelf', '/one-of/shelf+book', '/one-of/shelf'];
      const statuses = await Promise.all(paths.map((path) => get(path, 'ann')));
      expect(statuses).toEqual([200, 403, 200, 403]);
    });

    it('lets through who asks for no resource at all', async () => {
      expect(await get('/no-resource', 'eve')).toBe(200);
    });

    it('answers 500 where a function of the host throws', async () => {
      expect(await get('/broken', 'ann')).toBe(500);
    });

    it('asks in turn, and no further than it takes', async () => {
      const asked: number[] = [];
      const isTwo = async (value: number, index: number, array: number[]): Promise<boolean> => {
        expect(array[index]).toBe(value);
        asked.push(value);
        return value === 2;
      };
      expect(await AuthZGuard.asyncSome([1, 2, 3], isTwo)).toBe(true);
      expect(await AuthZGuard.asyncEvery([2, 1, 2], isTwo)).toBe(false);
      expect(asked).toEqual([1, 2, 2, 1]);
      expect([await AuthZGuard.asyncSome([], isTwo), await AuthZGuard.asyncEvery([], isTwo)]).toEqual([false, true]);
    });
  });
});
