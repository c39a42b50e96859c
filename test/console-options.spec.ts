import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { GrantlogModule, type HttpOptions, InvalidInputError } from 'grantlog';
import { filesOf } from './support/built-imports';
import { Cluster } from './support/cluster';
import { ask } from './support/console-hosts';
import { LetsPass } from './support/http';
import { scopedModel } from './support/models';

const root = join(__dirname, '..');
const folder = join(root, 'libs', 'grantlog', 'console');
const files = filesOf(folder);
const textOf = (file: string): string => readFileSync(join(folder, file), 'utf8');
const page = (console: unknown) => ({ guards: [LetsPass], console: console as HttpOptions['console'] });

describe('the options of the console', () => {
  it.each<[string, unknown]>([
    ['http.console.sesion', { sesion: 'cookie' }],
    ['http.console.session', { session: 'token' }],
    ['http.console.session', { session: null }],
    ['http.console.session', { session: {} }],
    ['http.console.session', { session: { storage: 'indexedDB', key: 'token' } }],
    ['http.console.session', { session: { storage: 'localStorage' } }],
    ['http.console.session', { session: { storage: 'localStorage', key: '' } }],
    ['http.console.session', { session: { storage: 'localStorage', key: 'token', module: '/session.js' } }],
    ['http.console.session', { session: { storage: 'localStorage', key: 'token', prefix: 'Bearer' } }],
    ['http.console.session', { session: { module: 'https://cdn.example/session.js' } }],
    ['http.console.session', { session: { module: '//cdn.example/session.js' } }],
    ['http.console.session', { session: { module: '\\\\cdn.example/session.js' } }],
    ['http.console.session', { session: { module: 'data:text/javascript,export{}' } }],
    ['http.console.session', { session: { module: 7 } }],
    ['http.console.signInUrl', { signInUrl: 'javascript:alert(1)' }],
    ['http.console.signInUrl', { signInUrl: ' javascript:alert(1)' }],
    ['http.console.signInUrl', { signInUrl: 'java\nscript:alert(1)' }],
    ['http.console.signInUrl', { signInUrl: 'data:text/html,<script>' }],
    ['http.console.signInUrl', { signInUrl: '' }],
    ['http.console.signInUrl', { signInUrl: null }],
  ])('refuse by %s what is wrong: %j', (field, options) => {
    const define = () => GrantlogModule.forRoot({ model: scopedModel(), http: page(options) });
    expect(define).toThrow(InvalidInputError);
    expect(define).toThrow(expect.objectContaining({ field }));
  });

  it.each<[unknown]>([
    [true],
    [{}],
    [{ session: 'cookie', signInUrl: '/sign-in' }],
    [{ session: { storage: 'localStorage', key: 'access_token' }, signInUrl: 'https://id.example/sign-in?app=1' }],
    [{ session: { module: 'session.js' }, signInUrl: '../sign-in' }],
  ])('are fine: %j', (options) => {
    expect(() => GrantlogModule.forRoot({ model: scopedModel(), http: page(options) })).not.toThrow();
  });

  it('arrive in the page as they are, and cannot break out of it', async () => {
    const options = {
      session: { storage: 'sessionStorage' as const, key: `"><script>alert('1')</script>&quot;&#34;$&$'$\`\\u003c` },
      signInUrl: `/sign-in?"><img src=x onerror=alert(1)>&amp;'`,
    };
    const cluster = await Cluster.create();
    const app = await cluster.start({ grantlog: { http: page(options), listeners: false } });
    await app.nest.listen(0, '127.0.0.1');
    const { text } = await ask(await app.nest.getUrl(), '/authz/console/');
    expect(text.match(/<(script|img)\b/g)).toEqual(['<script']); // its own
    const [, content = ''] = /<meta name="grantlog-console" content="([^"]*)"/.exec(text) ?? [];
    const decoded = content.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
    expect(JSON.parse(decoded)).toEqual(options);
    await cluster.end();
  });
});

describe('what the console is made of', () => {
  it('is a page, scripts and styles', () => {
    expect(files.filter((file) => !/^(index\.html|assets\/[\w-]+\.(js|css))$/.test(file))).toEqual([]);
  });

  it('is at most 30 kB, gzipped', () => {
    const assets = files.filter((file) => file.startsWith('assets/')).map((file) => gzipSync(textOf(file)));
    expect(assets.map((asset) => gunzipSync(asset).length > 1_000)).not.toContain(false);
    expect(assets.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(30_000);
  });

  it('names no other server: addresses are relative', () => {
    const named = files.flatMap((file) => textOf(file).match(/(?:https?:|wss?:)?\/\/[\w-]+\.[\w.-]+/g) ?? []);
    // Not an address: what SVG and MathML are called.
    expect([...new Set(named)].filter((name) => name !== 'http://www.w3.org')).toEqual([]);
    for (const [, address = ''] of textOf('index.html').matchAll(/(?:src|href)="([^"]*)"/g)) {
      expect(address).toMatch(/^(\.\/assets\/|data:,$)/);
    }
  });

  it('tells nothing of the machine that built it', () => {
    expect(files.filter((file) => textOf(file).includes(root) || /\bfileName:/.test(textOf(file)))).toEqual([]);
  });

  it('makes neither code nor markup out of text', () => {
    const sources = filesOf(join(root, 'apps', 'console', 'src')).map((file) => join(root, 'apps/console/src', file));
    const written = sources.filter((file) => /innerHTML|outerHTML|insertAdjacent/i.test(readFileSync(file, 'utf8')));
    expect(written).toEqual([]);
    expect(files.filter((file) => /\beval\(|new Function|document\.write/.test(textOf(file)))).toEqual([]);
  });
});
