import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import EventEmitter2 from 'eventemitter2';
import type { GrantlogOptions, ScopesOfViewer } from 'grantlog';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { HttpCaller } from './support/http';
import { until } from './support/until';

/** Believes whoever says who they are. */
@Injectable()
class Believes implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user: unknown }>();
    if (request.headers['x-user'] !== undefined) request.user = { id: request.headers['x-user'] };
    return true;
  }
}

const secret = 'lib^secret';
const visibleScopes: ScopesOfViewer = (viewer) =>
  viewer === 'user^deputy' ? { scopes: ['*'], except: [secret] } : 'all';

describe('a viewer of everything but a scope', () => {
  let cluster: Cluster;
  let app: TestApp;
  let nobody: HttpCaller;
  const emitter = new EventEmitter2({ wildcard: true });
  const as = (user: string): HttpCaller => nobody.with({ 'x-user': user });
  const start = (grantlog: Partial<GrantlogOptions>): Promise<TestApp> =>
    cluster.start({ grantlog: { http: { guards: [Believes] }, visibleScopes, listeners: false, ...grantlog } });

  beforeAll(async () => {
    cluster = await Cluster.create();
    emitter.on('**', ({ subject, scope }: { subject: string; scope: string | null }) => {
      throw new Error(`cannot take ${subject} in ${scope}`);
    });
    app = await start({ recordReads: true, listeners: { emitter, maxAttempts: 1 } });
    nobody = await HttpCaller.of(app);
    await app.assignments.assign(
      [secret, 'lib^open'].map((scope) => ({ subject: 'user^1', role: 'role^reader', scope })),
    );
    await app.enforcer.addNamedGroupingPolicy('g2', secret, 'org^one');
    for (const path of ['audit-records', 'role-assignments/history']) {
      expect((await as('boss').get(`/authz/${path}?scope=${encodeURIComponent(secret)}`)).status).toBe(200);
    }
    await app.relay.drained();
    await until(
      () => app.followers.parked(),
      ({ items }) => items.length === 5,
    );
    await app.dataSource.query(`UPDATE audit_follower SET last_error = 'cannot take ${secret}'`);
  });
  afterAll(() => cluster.end());

  it.each(['audit-records?limit=200', 'audit-records/export?format=ndjson', 'role-assignments', 'parked', 'health'])(
    'does not find it named in %s',
    async (path) => {
      const [some, all] = [await as('deputy').get(`/authz/${path}`), await as('boss').get(`/authz/${path}`)];
      expect([some.status, all.status]).toEqual([200, 200]);
      expect(JSON.stringify(all.body)).toContain(secret);
      expect(JSON.stringify(some.body)).not.toContain(secret);
      if (path !== 'health') expect(JSON.stringify(some.body)).toMatch(path === 'parked' ? /lastError/ : /lib\^open/);
    },
  );

  it.each([
    ['subject', '%00'],
    ['action', '%00'],
    ['scope', '%00'],
    ['subject', 'x'.repeat(3_000)],
    ['action', 'x'.repeat(3_000)],
    ['scope', 'x'.repeat(3_000)],
  ])('is refused a question about what can be no %s', async (field, value) => {
    const asked = { subject: 'user%5E1', action: 'act%5Eread', scope: 'lib%5Eopen', [field]: value };
    const query = Object.entries(asked).map((pair) => pair.join('='));
    for (const user of ['boss', 'deputy']) {
      const answer = await as(user).get(`/authz/enforce?${query.join('&')}`);
      expect(answer).toMatchObject({ status: 400, body: { code: 'INVALID_INPUT', field } });
    }
  });

  it('is not blamed if the host does not know who they are', async () => {
    const other = await start({ actor: () => 'nobody in particular' });
    const caller = await HttpCaller.of(other);
    for (const path of ['audit-records', 'role-assignments', 'parked', 'health']) {
      const { status, body } = await caller.get(`/authz/${path}`);
      expect([path, status]).toEqual([path, 500]);
      expect(JSON.stringify(body)).not.toMatch(/actor|lib\^/);
    }
    await cluster.close(other);
  });
});
