import { startApp, type TestApp, type TestAppOptions } from './support/app';
import { expectAllHeard, expectNothingHalfDone, Heard, Load } from './support/load';
import { OwnServer } from './support/own-server';
import { untilSo } from './support/until';

jest.setTimeout(60_000); // servers are made, copied and started again

describe('a server that goes away and comes back is survived without a restart of the app', () => {
  let server: OwnServer;
  let apps: TestApp[];
  beforeEach(async () => {
    server = await OwnServer.start();
    apps = [];
  });
  afterEach(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await server.end();
  });

  async function start(options: Omit<TestAppOptions, 'url'> = {}): Promise<TestApp> {
    const app = await startApp({ url: server.url, ...options });
    apps.push(app);
    return app;
  }

  const isGreen = (app: TestApp): Promise<void> => untilSo(async () => (await app.health.report()).status === 'green');

  it.each([
    ['restarted', () => server.stop()],
    ['killed by kill -9', async () => server.kill()],
  ])(
    '%s under load: errors are clear, nothing is half done, and afterwards all goes on',
    async (_, fell) => {
      const heard = [new Heard(), new Heard()] as const;
      const left = await start({ grantlog: { listeners: { emitter: heard[0].emitter } } });
      const right = await start({ grantlog: { listeners: { emitter: heard[1].emitter } } });
      const load = new Load([left, right]);
      await load.goesOn();
      await fell();
      await untilSo(() => load.faults.length > 20);
      await server.startAgain();
      await load.goesOn();
      await load.end();
      await expectNothingHalfDone(load, [left, right]);
      await expectAllHeard(left, ...heard);
      await Promise.all([left, right].map(isGreen));
    },
    60_000,
  );
});
