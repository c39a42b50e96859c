import { NotConnectedError, OutcomeUnknownError } from 'grantlog';
import type { QueryRunner } from 'typeorm';
import { startApp, type TestApp, type TestAppOptions } from './support/app';
import { letReadersRead, mayRead, reader } from './support/facts';
import { OwnServer } from './support/own-server';
import { Stranger } from './support/stranger';
import { untilSo } from './support/until';

const settings = { max_connections: '40' };
const times = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const reasonOf = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

jest.setTimeout(60_000); // servers are made, copied and started again

describe('while the server is out of reach, calls say so and change nothing, and afterwards all goes on', () => {
  let server: OwnServer;
  let apps: TestApp[];
  beforeEach(async () => {
    server = await OwnServer.start(settings);
    apps = [];
  });
  afterEach(async () => {
    await server.address.open().catch(() => undefined);
    await Promise.all(apps.map((app) => app.close()));
    await server.end();
  });

  async function start(options: Omit<TestAppOptions, 'url'> = {}): Promise<TestApp> {
    const app = await startApp({ url: server.url, ...options });
    apps.push(app);
    return app;
  }

  const worksAgain = (app: TestApp, name: string): Promise<void> =>
    untilSo(() =>
      app.assignments.assign(reader(name)).then(
        () => true,
        () => false,
      ),
    );

  const isGreen = (app: TestApp): Promise<void> => untilSo(async () => (await app.health.report()).status === 'green');

  it('because nobody answers at its address: memory goes on deciding', async () => {
    const app = await start();
    await letReadersRead(app);
    await app.assignments.assign(reader('standing'));
    await app.records();
    await server.address.close();
    await untilSo(async () => (await reasonOf(app.assignments.assign(reader('never')))) instanceof NotConnectedError);
    const errors = await Promise.all(times(50).map((n) => reasonOf(app.assignments.assign(reader(n)))));
    for (const error of errors) {
      expect(error).toBeInstanceOf(NotConnectedError);
      expect(error).toMatchObject({ code: 'NOT_CONNECTED', cause: { code: 'ECONNREFUSED' } });
    }
    expect([await mayRead(app, 'standing'), await mayRead(app, 0)]).toEqual([true, false]);
    expect(await app.health.report()).toMatchObject({ status: 'red', outbox: { depth: null } });
    await server.address.open();
    await worksAgain(app, 'again');
    await isGreen(app);
    expect((await app.records()).map(({ subject }) => subject)).toEqual(['role^reader', 'user^standing', 'user^again']);
  });

  describe('because it takes no more connections', () => {
    let runners: QueryRunner[];
    const strangers: Stranger[] = [];
    afterEach(() => Promise.all(strangers.splice(0).map((stranger) => stranger.end().catch(() => undefined))));

    async function connectStranger(): Promise<void> {
      const stranger = await Stranger.connect(server.directUrl);
      stranger.client.on('error', () => undefined);
      strangers.push(stranger);
    }

    it.each([
      [
        'having enough of them',
        '53300',
        () =>
          untilSo(() =>
            connectStranger().then(
              () => false,
              () => true,
            ),
          ),
      ],
      ['shutting down', '57P03', () => server.stopTakingConnections()],
    ])('%s: calls that need one are told, and nothing is changed', async (_, code, close) => {
      const app = await start({ poolSize: 20, grantlog: { listeners: false } });
      await app.records();
      const pool = (app.dataSource.driver as unknown as { master: { totalCount: number } }).master;
      runners = times(12).map(() => app.dataSource.createQueryRunner());
      await Promise.all(runners.map((runner) => runner.startTransaction()));
      await close();
      // What is left in the pool is taken, so that the next call needs a new connection.
      while (pool.totalCount > runners.length) {
        runners.push(app.dataSource.createQueryRunner());
        await runners.at(-1)?.startTransaction();
      }
      const errors = await Promise.all(times(50).map((n) => reasonOf(app.assignments.assign(reader(n)))));
      for (const error of errors) expect(error).toBeInstanceOf(NotConnectedError);
      for (const error of errors) expect(error).toMatchObject({ cause: { code } });
      const inside = app.assignments.assign(reader('inside'), { manager: runners[0]?.manager });
      expect(await inside).toMatchObject({ changed: true });
      for (const runner of runners) await runner.commitTransaction();
      for (const runner of runners) await runner.release();
      await Promise.all(strangers.splice(0).map((stranger) => stranger.end()));
      if (code === '57P03') {
        await server.stop();
        await server.startAgain(settings);
      }
      await worksAgain(app, 'again');
      expect((await app.records()).map(({ subject }) => subject)).toEqual(['user^inside', 'user^again']);
    });
  });

  it('because the network swallows everything: a time limit of the driver ends each wait, and all recovers with it', async () => {
    const app = await start({ dataSource: { extra: { query_timeout: 300, connectionTimeoutMillis: 300 } } });
    await letReadersRead(app);
    await app.records();
    server.address.fallSilent();
    const lost = await reasonOf(app.assignments.assign(reader('lost')));
    expect(lost).toBeInstanceOf(OutcomeUnknownError);
    await untilSo(async () => (await reasonOf(app.assignments.assign(reader('none')))) instanceof NotConnectedError);
    await untilSo(() => app.relay.health().failures > 1);
    server.address.speak();
    await worksAgain(app, 'again');
    await isGreen(app);
    await app.assignments.assign(reader('lost')); // it was swallowed or it was not: repeating is safe
    const subjects = (await app.records()).map(({ subject }) => subject);
    expect(subjects.filter((subject) => subject === 'user^lost')).toHaveLength(1);
    expect(await mayRead(app, 'lost')).toBe(true);
  });
});
