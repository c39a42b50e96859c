import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import EventEmitter2 from 'eventemitter2';
import { GRANTLOG_PERMISSION, GrantlogModule } from 'grantlog';
import { type TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { until } from './support/until';
import { HttpCaller } from './support/http';
import { scopedModel } from './support/models';

const unmarked: string[] = [];

/** What a host would write: a token says who it is, metadata what is needed. */
@Injectable()
class PermissionGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context
      .switchToHttp()
      .getRequest<{ headers: Record<string, string>; user: unknown; url: string }>();
    const needed = this.reflector.getAllAndOverride<string | undefined>(GRANTLOG_PERMISSION, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (needed === undefined) unmarked.push(request.url);
    const [, token] = /^Bearer (.+)$/.exec(request.headers['authorization'] ?? '') ?? [];
    if (token === undefined) throw new UnauthorizedException();
    request.user = { id: 'admin' };
    return needed !== undefined && token.split(' ').includes(needed);
  }
}

interface Route {
  readonly method: string;
  readonly path: string;
}

function routesOf(document: OpenAPIObject): Route[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
  );
}

const documentOf = (app: TestApp) => SwaggerModule.createDocument(app.nest, new DocumentBuilder().build());
const assignment = { subject: 'user^42', role: 'role^reader', scope: 'lib^lib:Org1:math' };
const everyRoute = [
  'GET /authz/audit-records',
  'GET /authz/audit-records/export',
  'GET /authz/audit-records/histogram',
  'GET /authz/audit-records/namespaces',
  'GET /authz/audit-records/suggestions',
  'GET /authz/audit-records/{id}',
  'GET /authz/enforce',
  'GET /authz/explain',
  'GET /authz/health',
  'GET /authz/parked',
  'GET /authz/role-assignments',
  'GET /authz/role-assignments/difference',
  'GET /authz/role-assignments/history',
  'GET /authz/viewer',
  'GET /authz/viewer/manages',
  'POST /authz/parked/{id}/retry',
  'POST /authz/role-assignments',
  'POST /authz/role-assignments/remove',
];

describe('closed unless opened', () => {
  let cluster: Cluster;
  const emitter = new EventEmitter2({ wildcard: true });
  beforeAll(async () => {
    cluster = await Cluster.create();
  });
  afterAll(() => cluster.end());

  it('without the option http there is no route', async () => {
    const app = await cluster.start({ grantlog: { listeners: false } });
    expect(routesOf(documentOf(app))).toEqual([]);
    const caller = await HttpCaller.of(app, { authorization: 'Bearer audit.read roles.manage' });
    for (const route of everyRoute) {
      const [method = '', path = ''] = route.split(' ');
      expect([route, (await caller.send(method, path)).status]).toEqual([route, 404]);
    }
    await cluster.close(app);
  });

  it.each([[[]], [undefined], [null], [{}]])('http with guards %p is refused when the module is defined', (guards) => {
    const define = () => GrantlogModule.forRoot({ model: scopedModel(), http: { guards: guards as never } });
    expect(define).toThrow('http.guards');
  });

  describe('opened', () => {
    let app: TestApp;
    let document: OpenAPIObject;
    let nobody: HttpCaller;
    let reader: HttpCaller;
    let admin: HttpCaller;
    beforeAll(async () => {
      app = await cluster.start({
        grantlog: { http: { guards: [PermissionGuard] }, listeners: { emitter, maxAttempts: 1 } },
      });
      await until(
        () => app.followers.health(),
        ([follower]) => follower !== undefined,
      );
      document = documentOf(app);
      nobody = await HttpCaller.of(app);
      reader = nobody.with({ authorization: 'Bearer audit.read' });
      admin = nobody.with({ authorization: 'Bearer audit.read roles.manage' });
    });

    it('the routes are those that are promised', () => {
      const routes = routesOf(document).map(({ method, path }) => `${method} ${path}`);
      expect(routes.sort()).toEqual(everyRoute);
    });

    it('every route is guarded: 401 without a token, 403 without the right, and names what it needs', async () => {
      const stranger = nobody.with({ authorization: 'Bearer something.else' });
      const before = await app.records();
      for (const { method, path } of routesOf(document)) {
        const url = path.replace('{id}', '1');
        const body = method === 'POST' ? JSON.stringify({ assignments: [assignment] }) : undefined;
        expect([path, (await nobody.send(method, url, body)).status]).toEqual([path, 401]);
        expect([path, (await stranger.send(method, url, body)).status]).toEqual([path, 403]);
        const isForManagers = method !== 'GET' || path.endsWith('/manages');
        if (isForManagers) expect([path, (await reader.send(method, url, body)).status]).toEqual([path, 403]);
      }
      expect(unmarked).toEqual([]);
      expect(await app.records()).toEqual(before);
      expect(await app.assignments.find()).toEqual([]);
    });

    it('every route is described, with its parameters, its body and its answer', () => {
      const parametersOf = ({ method, path }: Route) => {
        const operation = document.paths[path]?.[method.toLowerCase() as 'get'];
        if (!operation) throw new Error(`${path} is not described`);
        expect(operation.summary).toEqual(expect.any(String));
        expect(operation.tags).toEqual(['Grantlog']);
        const ok = operation.responses['200'];
        const kind = path.endsWith('/export') ? 'text/csv' : 'application/json';
        expect(ok && 'content' in ok && ok.content?.[kind]?.schema).toBeTruthy();
        for (const status of ['400', '401', '403']) expect(operation.responses[status]).toBeDefined();
        if (method === 'POST' && !path.includes('{id}')) expect(operation.requestBody).toBeDefined();
        return (operation.parameters ?? []).map((parameter) => ('name' in parameter ? parameter.name : '')).sort();
      };
      const described = Object.fromEntries(
        routesOf(document).map((route) => [`${route.method} ${route.path}`, parametersOf(route)]),
      );
      const assignmentFilters = ['cursor', 'limit', 'role', 'scope', 'scopeNamespace', 'subject'];
      const filters = ['actor', 'from', 'operation', 'operationId', 'outcome', 'requestId', 'scopePrefix'];
      expect(described).toMatchObject({
        'GET /authz/audit-records': [...assignmentFilters, ...filters, 'subjectPrefix', 'to', 'type'].sort(),
        'GET /authz/audit-records/histogram': ['by', ...filters, 'timeZone', 'to', 'type', 'subjectPrefix', 'subject']
          .concat(['role', 'scope', 'scopeNamespace'])
          .sort(),
        'GET /authz/audit-records/namespaces': [],
        'GET /authz/audit-records/suggestions': ['field', 'limit', 'word'],
        'GET /authz/audit-records/{id}': ['id'],
        'GET /authz/enforce': ['action', 'scope', 'subject'],
        'GET /authz/health': [],
        'GET /authz/parked': ['cursor', 'limit'],
        'GET /authz/role-assignments': expect.arrayContaining(assignmentFilters),
        'GET /authz/role-assignments/difference': [...assignmentFilters, 'from', 'to'].sort(),
        'GET /authz/viewer': [],
        'GET /authz/viewer/manages': [],
        'POST /authz/parked/{id}/retry': ['id'],
        'POST /authz/role-assignments': [],
        'POST /authz/role-assignments/remove': [],
      });
    });

    it('every route answers as described to whoever may call it', async () => {
      emitter.once('role_assignment.created', () => {
        throw new Error('cannot take it');
      });
      await app.enforcer.addPolicy('role^reader', 'act^read', '*');
      const assigned = await admin
        .with({ 'x-request-id': 'request-1', 'user-agent': 'test' })
        .post('/authz/role-assignments', { assignments: [assignment, assignment], reason: 'new here' });
      expect(assigned).toEqual({
        status: 200,
        body: {
          results: [
            { ...assignment, changed: true },
            { ...assignment, changed: false },
          ],
        },
      });
      await app.relay.drained();

      const displays = { subjectDisplay: '42', roleDisplay: 'reader', scopeDisplay: 'lib:Org1:math' };
      const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
      const item = {
        seq: '2',
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
        type: 'role_assignment.created',
        operation: 'created',
        outcome: 'success',
        occurredAt: time,
        recordedAt: time,
        actor: 'user^admin',
        ...assignment,
        ...displays,
        reason: 'new here',
        requestId: 'request-1',
        operationId: expect.any(String),
        sourceIp: '127.0.0.1',
        userAgent: 'test',
        details: { ptype: 'g', rule: Object.values(assignment) },
      };
      const page = await reader.get('/authz/audit-records?limit=1&subject=user%5E42&type=role_assignment.created');
      expect(page).toStrictEqual({ status: 200, body: { items: [item], nextCursor: null, closedThrough: time } });
      const policy = await reader.get('/authz/audit-records?type=policy.created');
      expect(Object.keys(policy.body.items[0]).sort()).toEqual(Object.keys(item).sort());
      expect(policy.body.items[0]).toMatchObject({ actor: null, role: null, roleDisplay: null, scopeDisplay: '*' });
      const first = await reader.get('/authz/audit-records?limit=1');
      const second = await reader.get(`/authz/audit-records?limit=1&cursor=${first.body.nextCursor}`);
      expect([first.body.items[0].seq, second.body.items[0].seq, second.body.nextCursor]).toEqual(['2', '1', null]);
      const { id } = page.body.items[0];
      expect(await reader.get(`/authz/audit-records/${id}`)).toStrictEqual({ status: 200, body: item });

      expect(await reader.get('/authz/role-assignments?scopeNamespace=lib&limit=1')).toStrictEqual({
        status: 200,
        body: { items: [{ ...assignment, ...displays }], nextCursor: null },
      });
      expect(await reader.get('/authz/viewer')).toStrictEqual({ status: 200, body: { viewer: 'user^admin' } });
      expect(await admin.get('/authz/viewer/manages')).toStrictEqual({ status: 200, body: { manages: true } });
      expect((await admin.get('/authz/viewer/manages?x=1')).status).toBe(400);
      const ask = (action: string) =>
        reader.get(`/authz/enforce?subject=user%5E42&scope=lib%5Elib:Org1:math&action=${encodeURIComponent(action)}`);
      expect(await ask('act^read')).toStrictEqual({ status: 200, body: { allowed: true } });
      expect(await ask('act^write')).toStrictEqual({ status: 200, body: { allowed: false } });

      const parked = await until(
        () => reader.get('/authz/parked'),
        ({ body }) => body.items.length > 0,
      );
      const parkedItem = { id: '1', follower: 'host-listeners', seq: '2', eventId: id, type: item.type, attempts: 1 };
      const refusal = { lastError: expect.stringContaining('cannot take it'), parkedAt: time };
      expect(parked.body).toStrictEqual({ items: [{ ...parkedItem, ...refusal }], nextCursor: null });
      const retried = await admin.post('/authz/parked/1/retry', undefined);
      expect(retried).toStrictEqual({ status: 200, body: { delivered: true, error: null } });
      expect((await admin.post('/authz/parked/1/retry', undefined)).status).toBe(404);

      const removed = await admin.post('/authz/role-assignments/remove', { assignments: [assignment] });
      expect(removed).toStrictEqual({ status: 200, body: { results: [{ ...assignment, changed: true }] } });
      await app.relay.drained();
      const difference = await reader.get(`/authz/role-assignments/difference?from=${page.body.items[0].recordedAt}`);
      const deletion = { operation: 'deleted', actor: 'user^admin', ...displays };
      expect(difference).toMatchObject({
        status: 200,
        body: {
          items: [{ change: 'deleted', ...assignment, ...displays, record: deletion }],
          nextCursor: null,
          to: time,
        },
      });
      const health = await reader.get('/authz/health');
      expect(health).toMatchObject({ status: 200, body: { outbox: { depth: 0 }, parked: 0, closedThrough: time } });
      expect(Object.keys(health.body)).toEqual(
        expect.arrayContaining(['status', 'problems', 'outbox', 'followers', 'parked', 'appendOnly']),
      );
    });
  });

  it('the path is the one given, behind the global prefix of the host', async () => {
    const app = await cluster.start({
      grantlog: { http: { guards: [PermissionGuard], path: 'admin/roles' }, listeners: false },
      configure: (nest) => nest.setGlobalPrefix('api/v1'),
    });
    const caller = await HttpCaller.of(app, { authorization: 'Bearer audit.read' });
    expect((await caller.get('/api/v1/admin/roles/health')).status).toBe(200);
    expect((await caller.with({ authorization: '' }).get('/api/v1/admin/roles/health')).status).toBe(401);
    for (const path of ['/authz/health', '/api/v1/authz/health', '/admin/roles/health']) {
      expect([path, (await caller.get(path)).status]).toEqual([path, 404]);
    }
    expect(routesOf(documentOf(app)).every(({ path }) => path.startsWith('/api/v1/admin/roles/'))).toBe(true);
  });
});
