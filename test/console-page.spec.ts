import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { APP_GUARD } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { type HttpOptions } from 'grantlog';
import { type TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { ask, GlobalTokenGuard, token, TokenGuard } from './support/console-hosts';
import { LetsPass } from './support/http';

const assets = readdirSync(join(__dirname, '..', 'libs', 'grantlog', 'console', 'assets'));

describe('the page of the console', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.create();
  });
  afterAll(() => cluster.end());

  const start = async (http: Partial<HttpOptions>, options: Parameters<Cluster['start']>[0] = {}) => {
    const grantlog = { http: { guards: [TokenGuard], ...http }, listeners: false as const };
    const app = await cluster.start({ ...options, grantlog });
    await app.nest.listen(0, '127.0.0.1');
    return { app, origin: await app.nest.getUrl() };
  };
  const documentOf = ({ nest }: TestApp) => SwaggerModule.createDocument(nest, new DocumentBuilder().build());

  it('is not there unless it is switched on', async () => {
    const { app, origin } = await start({});
    for (const path of [
      '/authz/console',
      '/authz/console/',
      ...assets.map((name) => `/authz/console/assets/${name}`),
    ]) {
      expect([path, (await ask(origin, path, 'GET', token)).status]).toEqual([path, 404]);
    }
    await cluster.close(app);
  });

  describe('switched on', () => {
    let app: TestApp;
    let origin: string;
    beforeAll(async () => ({ app, origin } = await start({ console: true })));

    it('opens without a sign-in, while every call of the API needs one', async () => {
      expect((await ask(origin, '/authz/console/')).status).toBe(200);
      for (const name of assets) expect((await ask(origin, `/authz/console/assets/${name}`)).status).toBe(200);
      const { paths } = documentOf(app);
      const calls = Object.entries(paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => [method.toUpperCase(), path.replace('{id}', '1')] as const),
      );
      expect(calls.length).toBeGreaterThan(10);
      for (const [method, path] of calls) {
        expect([method, path, (await ask(origin, path, method)).status]).toEqual([method, path, 401]);
      }
    });

    it('is the same for everybody: it has no data, and no other scripts and styles than its files', async () => {
      await app.assignments.assign({ subject: 'user^42', role: 'role^reader', scope: 'lib^lib:Org1:math' });
      const { text } = await ask(origin, '/authz/console/');
      expect((await ask(origin, '/authz/console/', 'GET', token)).text).toBe(text);
      expect(text).not.toMatch(/user\^|role\^|lib\^/);
      expect(text).not.toMatch(/<style|style=|<script(?! type="module" crossorigin src="\.\/assets\/)|\son\w+=/);
      const named = [...text.matchAll(/(?:src|href)="\.\/assets\/([^"]+)"/g)].map(([, name]) => name);
      expect(named.sort()).toEqual([...assets].sort());
    });

    it('is under a strict policy, and asked for each time', async () => {
      const { headers } = await ask(origin, '/authz/console/');
      expect(headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      });
      const directives = String(headers['content-security-policy']).split('; ');
      expect(directives).toEqual(
        expect.arrayContaining([
          "default-src 'none'",
          "script-src 'self'",
          "style-src 'self'",
          "connect-src 'self'",
          "base-uri 'none'",
          "form-action 'none'",
          "frame-ancestors 'none'",
        ]),
      );
      expect(directives.join()).not.toMatch(/unsafe|\*|http/);
    });

    it('has files that are kept for good, because they are named by their content', async () => {
      for (const name of assets) {
        expect(name).toMatch(/-[\w-]{8}\.(js|css)$/);
        const { headers } = await ask(origin, `/authz/console/assets/${name}`);
        expect(headers).toMatchObject({
          'content-type': name.endsWith('.js') ? 'text/javascript; charset=utf-8' : 'text/css; charset=utf-8',
          'cache-control': 'public, max-age=31536000, immutable',
          'x-content-type-options': 'nosniff',
        });
      }
    });

    it.each([
      '/authz/console/assets/none.js',
      '/authz/console/assets/',
      '/authz/console/assets/..%2Findex.html',
      '/authz/console/assets/%2e%2e/index.html',
      '/authz/console/assets/../../package.json',
      '/authz/console/..%2f..%2fpackage.json',
      '/authz/console/assets/%2Fetc%2Fpasswd',
      '/authz/console/assets/__proto__',
      '/authz/console/assets/%00',
      '/authz/console/index.html',
      '/authz/console/records',
      '/authz/console/console',
      '/authz/console/console/',
      '/authz/console//console/',
      '/authz/console//',
      '/authz/console2/',
    ])('has nothing at %s', async (path) => {
      const { status, headers, text } = await ask(origin, path);
      expect(status).toBe(404);
      expect(headers['cache-control']).toBeUndefined();
      expect(text).not.toMatch(/<script|root:|"version"/);
    });

    it('is read only', async () => {
      for (const method of ['POST', 'PUT', 'DELETE']) {
        expect((await ask(origin, '/authz/console/', method)).status).toBe(404);
      }
      expect(await ask(origin, '/authz/console/', 'HEAD')).toMatchObject({ status: 200, text: '' });
    });

    it('is not described among the endpoints', () => {
      expect(JSON.stringify(documentOf(app))).not.toMatch(/console/i);
    });
  });

  it('leads to its folder by an address that is right behind any proxy', async () => {
    const { app, origin } = await start(
      { console: true, path: 'admin/roles' },
      { configure: (nest) => nest.setGlobalPrefix('api/v1') },
    );
    const { status, headers, text } = await ask(origin, '/api/v1/admin/roles/console?from=mail');
    expect({ status, text, cached: headers['cache-control'] }).toEqual({ status: 302, text: '', cached: 'no-store' });
    const seen = (address: string) => new URL(String(headers.location), address).href;
    expect(seen(`${origin}/api/v1/admin/roles/console?from=mail`)).toBe(`${origin}/api/v1/admin/roles/console/`);
    // A proxy that takes `/team` off, or adds what the outside does not see.
    expect(seen('https://host.example/team/api/v1/admin/roles/console')).toBe(
      'https://host.example/team/api/v1/admin/roles/console/',
    );
    expect(seen('https://host.example/roles/console')).toBe('https://host.example/roles/console/');
    expect((await ask(origin, '/api/v1/admin/roles/console/')).status).toBe(200);
    expect((await ask(origin, `/api/v1/admin/roles/console/assets/${assets[0]}`)).status).toBe(200);
    for (const path of ['/authz/console/', '/admin/roles/console/', '/api/v1/authz/console/']) {
      expect([path, (await ask(origin, path)).status]).toEqual([path, 404]);
    }
    await cluster.close(app);
  });

  it('is let through by a global guard that reads GRANTLOG_OPEN, and by that one nothing else is', async () => {
    const { app, origin } = await start(
      { guards: [LetsPass], console: true },
      { providers: [{ provide: APP_GUARD, useClass: GlobalTokenGuard }] },
    );
    for (const path of ['/authz/console/', `/authz/console/assets/${assets[0]}`]) {
      expect([path, (await ask(origin, path)).status]).toEqual([path, 200]);
    }
    for (const path of ['/authz/audit-records', '/authz/audit-records/1', '/authz/health']) {
      expect([path, (await ask(origin, path)).status]).toEqual([path, 401]);
    }
    expect((await ask(origin, '/authz/audit-records', 'GET', token)).status).toBe(200);
    await cluster.close(app);
  });

  it('is shut by a global guard that does not', async () => {
    const { app, origin } = await start(
      { console: true },
      { providers: [{ provide: APP_GUARD, useClass: TokenGuard }] },
    );
    expect((await ask(origin, '/authz/console/')).status).toBe(401);
    await cluster.close(app);
  });
});
