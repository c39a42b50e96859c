import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { type Model, newModelFromString } from 'casbin';
import EventEmitter2 from 'eventemitter2';
import { type GrantlogOptions, type ScopesOfViewer, type VisibleScopes, Viewer } from 'grantlog';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { HttpCaller } from './support/http';
import { commitEvents } from './support/outbox-rows';
import { until } from './support/until';

const read = 'act^audit.read';

/** Believes whoever says who they are. */
@Injectable()
class Believes implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user: unknown }>();
    if (request.headers['x-user'] !== undefined) request.user = { id: request.headers['x-user'] };
    return true;
  }
}

/** A model of which nobody can tell where it allows something. */
const unreadable = (): Model =>
  newModelFromString(`
[request_definition]
r = sub, act, scope
[policy_definition]
p = sub, act, scope
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub, r.scope) && regexMatch(r.scope, p.scope) && r.act == p.act`);

const visibleScopes = { permission: read };
const http = { guards: [Believes] };
const emitter = new EventEmitter2({ wildcard: true });
const scopes = ['lib^lib:Org1:math', 'lib^lib:Org1:secret', 'lib^lib:Org2:art', 'course-v1^course-v1:O+C+R'];

describe('a viewer over HTTP', () => {
  let cluster: Cluster;
  let app: TestApp;
  let nobody: HttpCaller;
  const as = (user: string): HttpCaller => nobody.with({ 'x-user': user });
  const start = (grantlog: Partial<GrantlogOptions>): Promise<TestApp> =>
    cluster.start({ grantlog: { http, scopeMatching: 'glob', listeners: false, ...grantlog } });

  beforeAll(async () => {
    cluster = await Cluster.create();
    emitter.on('role_assignment.*', () => {
      throw new Error('cannot take lib^lib:Org1:secret');
    });
    app = await start({ visibleScopes, listeners: { emitter, maxAttempts: 1 } });
    await app.enforcer.addPolicies([
      ['role^auditor', read, '*'],
      ['role^reader', 'act^read', '*'],
    ]);
    const auditors = [
      ['user^all', '*'],
      ['user^org1', 'lib^lib:Org1:*'],
      ['user^art', 'lib^lib:Org2:art'],
    ].map(([subject = '', scope]) => ({ subject, role: 'role^auditor', scope }));
    const readers = scopes.map((scope) => ({ subject: 'user^7', role: 'role^reader', scope }));
    await app.assignments.assign([...auditors, ...readers]);
    await app.enforcer.addNamedGroupingPolicy('g2', 'act^manage', 'act^read');
    nobody = await HttpCaller.of(app);
    await app.relay.drained();
    await until(
      () => app.followers.parked(),
      ({ items }) => items.length === 7,
    );
  });
  afterAll(() => cluster.end());

  const scopesIn = ({ body }: { body: { items: { scope: string | null }[] } }): (string | null)[] => [
    ...new Set(body.items.map(({ scope }) => scope)),
  ];

  it.each([
    [
      'all',
      [
        '*',
        'course-v1^course-v1:O+C+R',
        'lib^lib:Org1:*',
        'lib^lib:Org1:math',
        'lib^lib:Org1:secret',
        'lib^lib:Org2:art',
        null,
      ],
    ],
    ['org1', ['lib^lib:Org1:*', 'lib^lib:Org1:math', 'lib^lib:Org1:secret']],
    ['art', ['lib^lib:Org2:art']],
    ['nobody-of-note', []],
  ])('sees where the policy allows it: %s', async (user, expected) => {
    const records = await as(user).get('/authz/audit-records?limit=200');
    expect(scopesIn(records).sort()).toEqual([...expected].sort());
    const assigned = expected.filter((scope) => scope !== null);
    expect(scopesIn(await as(user).get('/authz/role-assignments?limit=200')).sort()).toEqual([...assigned].sort());
    const parked = await as(user).get('/authz/parked?limit=200');
    const types = parked.body.items.map(({ type }: { type: string }) => type);
    expect(types.every((type: string) => type.startsWith('role_assignment'))).toBe(true);
    const seen = await app.trail.find({ type: 'role_assignment.created', limit: 200 });
    const inThere = seen.items.filter(({ scope }) => assigned.includes(scope ?? ''));
    expect(parked.body.items.map(({ eventId }: { eventId: string }) => eventId).sort()).toEqual(
      inThere.map(({ id }) => id).sort(),
    );
  });

  it('is told of one record elsewhere as if it were not there', async () => {
    const [record] = (await app.trail.find({ scope: 'lib^lib:Org1:secret' })).items;
    const id = record?.id ?? '';
    expect((await as('org1').get(`/authz/audit-records/${id}`)).body.id).toBe(id);
    const absent = '01900000-0000-7000-8000-000000000000';
    const hidden = await as('art').get(`/authz/audit-records/${id}`);
    const missing = await as('all').get(`/authz/audit-records/${absent}`);
    expect(hidden.status).toBe(404);
    expect(JSON.stringify(hidden).replaceAll(id, absent)).toBe(JSON.stringify(missing));
    const [parked] = (await app.followers.parked()).items.filter(({ eventId }) => eventId === id);
    const retried = await as('art').post(`/authz/parked/${parked?.id}/retry`, undefined);
    const unknown = await as('all').post('/authz/parked/99999/retry', undefined);
    expect(JSON.stringify(retried).replaceAll(`record ${parked?.id}`, 'record 99999')).toBe(JSON.stringify(unknown));
  });

  it('is told what is allowed where they may see, and of other scopes nothing', async () => {
    const ask = (user: string, scope: string): ReturnType<HttpCaller['get']> =>
      as(user).get(`/authz/enforce?subject=user%5E7&action=act%5Eread&scope=${encodeURIComponent(scope)}`);
    expect(await ask('org1', 'lib^lib:Org1:math')).toMatchObject({ status: 200, body: { allowed: true } });
    expect(await ask('org1', 'lib^lib:Org1:new')).toMatchObject({ status: 200, body: { allowed: false } });
    for (const scope of ['lib^lib:Org2:art', '*', 'lib^*', 'course-v1^course-v1:O+C+R']) {
      expect(await ask('org1', scope)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
      expect((await ask('all', scope)).status).toBe(200);
    }
  });

  it('is not told by health what errors say of elsewhere', async () => {
    await app.dataSource.query(`UPDATE audit_follower SET last_error = 'cannot take lib^lib:Org1:secret'`);
    const everything = await as('all').get('/authz/health');
    expect(everything.body.problems.join()).toContain('cannot take lib^lib:Org1:secret');
    expect(everything.body.followers[0].lastError).toBe('cannot take lib^lib:Org1:secret');
    const some = await as('art').get('/authz/health');
    expect(some).toMatchObject({
      status: 200,
      body: { status: everything.body.status, parked: everything.body.parked },
    });
    expect(Object.keys(some.body)).toEqual(Object.keys(everything.body));
    expect(JSON.stringify(some.body)).not.toContain('lib^');
  });

  it('sees at once what they may see from now on, and no longer what they may not, also on the next page', async () => {
    await app.assignments.assign({ subject: 'user^eve', role: 'role^auditor', scope: 'lib^lib:Org1:*' });
    const first = await as('eve').get('/authz/audit-records?limit=1');
    expect(scopesIn(first)).toEqual(['lib^lib:Org1:*']);
    await app.assignments.remove({ subject: 'user^eve', role: 'role^auditor', scope: 'lib^lib:Org1:*' });
    const next = await as('eve').get(`/authz/audit-records?limit=10&cursor=${first.body.nextCursor}`);
    expect(next).toMatchObject({ status: 200, body: { items: [], nextCursor: null } });
  });

  it('is also known to endpoints of the host', async () => {
    expect(await app.nest.get(Viewer).visible()).toEqual({}); // outside of a request nobody is known
    expect(app.nest.get(Viewer).key()).toBeNull();
  });

  it('is asked about without a word to those who listen to decisions', async () => {
    const decided: unknown[] = [];
    const listening = new EventEmitter2({ wildcard: true });
    listening.on('authorization.decided', ({ scope }: { scope: string }) => decided.push(scope));
    const other = await start({ visibleScopes, decisions: { sample: 1 }, listeners: { emitter: listening } });
    const caller = (await HttpCaller.of(other)).with({ 'x-user': 'org1' });
    expect(scopesIn(await caller.get('/authz/audit-records')).length).toBeGreaterThan(0);
    await caller.get('/authz/enforce?subject=user%5E7&action=act%5Eread&scope=lib%5Elib:Org1:math');
    await until(
      () => decided,
      (scopesTold) => scopesTold.length > 0,
    );
    expect(decided).toEqual(['lib^lib:Org1:math']);
    await cluster.close(other);
  });

  const get = async (scopesOf: unknown, path = '/authz/audit-records'): ReturnType<HttpCaller['get']> => {
    const other = await start({ visibleScopes: scopesOf as ScopesOfViewer });
    const answer = await (await HttpCaller.of(other)).with({ 'x-user': '7' }).get(path);
    await cluster.close(other);
    return answer;
  };

  it.each([
    ['throws', () => Promise.reject(new Error('directory out of reach'))],
    ['answers nothing', () => undefined],
    ['answers null', () => null],
    ['answers something else', () => 'lib^lib:Org1:math'],
    ['answers a list', () => ['lib^lib:Org1:math']],
    ['misspells a field', () => ({ scope: ['lib^lib:Org1:math'] })],
    ['names no text', () => ({ scopes: [7] })],
  ])('sees nothing if the function of the host %s', async (_, scopesOf) => {
    for (const path of ['/authz/audit-records', '/authz/role-assignments', '/authz/parked', '/authz/health']) {
      const { status, body } = await get(scopesOf, path);
      expect([path, status]).toEqual([path, 500]);
      expect(JSON.stringify(body)).not.toContain('lib^');
    }
  });

  it('sees what the function of the host says of them', async () => {
    const asked: unknown[] = [];
    const answer = await get(async (...given: Parameters<ScopesOfViewer>): Promise<VisibleScopes> => {
      const [viewer, request, permitted] = given;
      asked.push(viewer, request?.headers['x-user'], await permitted(read));
      return { namespaces: ['course-v1'], scopes: ['lib^lib:Org2:art'] };
    });
    expect(scopesIn(answer).sort()).toEqual(['course-v1^course-v1:O+C+R', 'lib^lib:Org2:art']);
    expect(asked).toEqual(['user^7', '7', { scopes: [], except: [] }]);
  });

  it('of whom nobody knows anything sees nothing by a permission, and every option that makes no sense is refused at the start', async () => {
    expect((await nobody.get('/authz/audit-records')).body.items).toEqual([]);
    const refused: [Partial<GrantlogOptions>, RegExp][] = [
      [{ visibleScopes: { permission: '' } }, /visibleScopes/],
      [{ visibleScopes: 'all' as never }, /visibleScopes: must be \{ permission \} or a function/],
      [{ visibleScopes: { permision: read } as never }, /visibleScopes/],
      [{ recordReads: 'yes' as never }, /recordReads/],
      [{ visibleScopes, model: unreadable() }, /visibleScopes: cannot be taken from a permission/],
    ];
    for (const [option, problem] of refused) await expect(start(option)).rejects.toThrow(problem);
  });

  it('sees policies of the scopes they name', async () => {
    await app.enforcer.addPolicy('role^painter', 'act^paint', 'lib^lib:Org2:art');
    await commitEvents(app.dataSource, [
      { type: 'policy.deleted', subject: 'role^painter', scope: 'lib^lib:Org1:math' },
    ]);
    await app.relay.drained();
    const { body } = await as('art').get('/authz/audit-records?subject=role%5Epainter');
    expect(body.items.map(({ type }: { type: string }) => type)).toEqual(['policy.created']);
  });
});
