import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Header,
  Injectable,
  Module,
  Query,
  Redirect,
  Res,
  UnauthorizedException,
} from '@nestjs/common';
import { type ConsoleOptions } from 'grantlog';
import type { TestApp } from '../../../test/support/app';
import { Cluster } from '../../../test/support/cluster';
import { inBrowser } from './support/in-browser';

interface Call {
  readonly headers: Readonly<Record<string, string | undefined>>;
  user: unknown;
}

/** A host that knows who brings its cookie or its token. */
@Injectable()
class HostGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const call = context.switchToHttp().getRequest<Call>();
    const { cookie = '', authorization } = call.headers;
    if (!cookie.includes('session=of-7') && authorization !== 'Bearer of-7') throw new UnauthorizedException();
    call.user = { id: 7 };
    return true;
  }
}

const moduleOfHost = `
  let calls = 0;
  export async function authorization() {
    const { token } = await (await fetch('/app/token')).json();
    document.documentElement.dataset.asked = String(++calls);
    return token && 'Bearer ' + token;
  }`;

/** The host's own pages: a sign-in that is done by opening it, and a module that knows the token. */
@Controller()
class HostController {
  static token = '';

  @Get('sign-in')
  @Header('Set-Cookie', 'session=of-7; Path=/; SameSite=Lax; HttpOnly')
  @Redirect()
  signIn(@Query('returnTo') url: string): { url: string } {
    HostController.token = 'of-7';
    return { url };
  }

  @Get('session.js')
  @Header('Content-Type', 'text/javascript')
  module(): string {
    return moduleOfHost;
  }

  @Get('token')
  token(): { token: string } {
    return { token: HostController.token };
  }

  @Get('storage')
  storage(@Res() response: { type(kind: string): { send(body: string): void } }): void {
    response.type('html').send('<p>The app of the host</p>');
  }
}

@Module({ controllers: [HostController] })
class HostModule {}

inBrowser('the sign-in of a host', (visits) => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.create();
  });
  afterAll(() => cluster.end());
  beforeEach(() => {
    HostController.token = '';
  });

  /** Behind a prefix and on another path, where the console must find its API all the same. */
  async function start(console: ConsoleOptions): Promise<{ app: TestApp; origin: string; address: string }> {
    const app = await cluster.start({
      grantlog: { http: { guards: [HostGuard], path: 'admin/roles', console }, listeners: false },
      imports: [HostModule],
      configure: (nest) => nest.setGlobalPrefix('app'),
    });
    await app.assignments.assign({ subject: 'user^42', role: 'role^reader', scope: 'lib^lib:Org1:math' });
    await app.relay.drained();
    await app.nest.listen(0, '127.0.0.1');
    const origin = await app.nest.getUrl();
    return { app, origin, address: `${origin}/app/admin/roles/console` };
  }

  const signedOut = { name: 'You are not signed in, or your session has ended' };

  it('by cookie: the browser sends it', async () => {
    const { app, address } = await start({ session: 'cookie', signInUrl: '/app/sign-in' });
    const page = await visits.open(`${address}#/records?subject=user%5E42`);
    await page.getByRole('heading', signedOut).waitFor();
    await page.getByRole('link', { name: 'Sign in' }).click();
    await page.getByRole('cell', { name: 'user^42' }).first().waitFor();
    expect(page.url()).toBe(`${address}/#/records?subject=user%5E42`);
    await cluster.close(app);
  });

  it('by a token in the storage of the browser: the page sends it', async () => {
    const { app, origin, address } = await start({ session: { storage: 'localStorage', key: 'access_token' } });
    const page = await visits.open(`${address}/`);
    await page.getByRole('heading', signedOut).waitFor();
    expect(await page.getByRole('alert').textContent()).toContain('Sign in to the application');
    expect(await page.getByRole('link', { name: 'Sign in' }).count()).toBe(0);
    await page.goto(`${origin}/app/storage`);
    await page.evaluate('localStorage.setItem("access_token", "of-7")');
    await page.goto(`${address}/`);
    await page.getByRole('cell', { name: 'user^42' }).first().waitFor();
    await cluster.close(app);
  });

  it('by a module of the host: it is asked for each call', async () => {
    const { app, address } = await start({ session: { module: '/app/session.js' }, signInUrl: '/app/sign-in' });
    const page = await visits.open(`${address}/#/records`);
    await page.getByRole('heading', signedOut).waitFor();
    await page.getByRole('link', { name: 'Sign in' }).click();
    await page.getByRole('cell', { name: 'user^42' }).first().waitFor();
    const asked = async () => Number(await page.locator('html').getAttribute('data-asked'));
    const before = await asked();
    expect(before).toBeGreaterThan(0);
    await page.goto(`${address}/#/records?subject=user%5E42`);
    await page.locator(`html:not([data-asked="${before}"])`).waitFor();
    HostController.token = '';
    await page.context().clearCookies();
    await page.goto(`${address}/#/records?subject=user%5E43`);
    await page.getByRole('heading', signedOut).waitFor();
    await cluster.close(app);
  });
});
