import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { type TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { ask, token, TokenGuard } from './support/console-hosts';
import { HttpCaller } from './support/http';

const assets = readdirSync(join(__dirname, '..', 'libs', 'grantlog', 'console', 'assets'));
const assignment = { subject: 'user^42', role: 'role^reader', scope: 'lib^lib:Org1:math' };

describe('on Fastify', () => {
  let cluster: Cluster;
  let app: TestApp;
  let caller: HttpCaller;
  beforeAll(async () => {
    cluster = await Cluster.create();
    app = await cluster.start({
      adapter: new FastifyAdapter(),
      grantlog: { http: { guards: [TokenGuard], console: true }, listeners: false },
      configure: (nest) => nest.setGlobalPrefix('api'),
    });
    caller = await HttpCaller.of(app, token);
  });
  afterAll(() => cluster.end());

  it('the page is served as on Express', async () => {
    const { status, headers } = await ask(caller.origin, '/api/authz/console');
    expect({ status, location: headers.location }).toEqual({ status: 302, location: 'console/' });
    const page = await ask(caller.origin, '/api/authz/console/');
    expect(page.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
    });
    expect(page.text).toContain('<div id="console"></div>');
    for (const name of assets) {
      const asset = await ask(caller.origin, `/api/authz/console/assets/${name}`);
      expect(asset).toMatchObject({ status: 200, headers: { 'cache-control': 'public, max-age=31536000, immutable' } });
    }
    for (const path of ['assets/none.js', 'assets/..%2Findex.html', 'records', 'console/', '/']) {
      expect([path, (await ask(caller.origin, `/api/authz/console/${path}`)).status]).toEqual([path, 404]);
    }
  });

  it('so is the API: it is guarded, and a change is recorded with where it came from, and whom the guard set on request.raw', async () => {
    expect((await caller.with({ authorization: '' }).get('/api/authz/audit-records')).status).toBe(401);
    const from = { 'x-request-id': 'request-1', 'user-agent': 'a browser' };
    const assigned = await caller
      .with(from)
      .post('/api/authz/role-assignments', { assignments: [assignment], reason: 'new here' });
    expect(assigned).toEqual({ status: 200, body: { results: [{ ...assignment, changed: true }] } });
    await app.relay.drained();
    const { status, body } = await caller.get('/api/authz/audit-records?subject=user%5E42');
    expect(status).toBe(200);
    expect(body.items).toEqual([
      expect.objectContaining({
        ...assignment,
        actor: 'user^7',
        reason: 'new here',
        requestId: 'request-1',
        userAgent: 'a browser',
        sourceIp: '127.0.0.1',
      }),
    ]);
    expect(await caller.get('/api/authz/audit-records?limit=0')).toMatchObject({
      status: 400,
      body: { field: 'limit' },
    });
    expect(await caller.get(`/api/authz/audit-records/${body.items[0].id}`)).toEqual({
      status: 200,
      body: body.items[0],
    });
  });

  it('an export is streamed, and says up to when it is complete', async () => {
    const { status, headers, text } = await ask(
      caller.origin,
      '/api/authz/audit-records/export?format=ndjson',
      'GET',
      token,
    );
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': expect.stringMatching(/^application\/x-ndjson\b/),
      'content-disposition': expect.stringMatching(/^attachment; filename="[\w.-]+\.ndjson"$/),
      'grantlog-closed-through': expect.stringMatching(/Z$/),
    });
    const records = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(records).toEqual([expect.objectContaining(assignment)]);
  });
});
