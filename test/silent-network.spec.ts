import { startApp, type TestApp } from './support/app';
import { letReadersRead, mayRead, reader } from './support/facts';
import { OwnServer } from './support/own-server';
import { Stranger } from './support/stranger';
import { until } from './support/until';

/** Longer than a connection that does not answer is waited for. */
const limit = 45_000;
const works = (call: () => Promise<unknown>): Promise<boolean> =>
  call().then(
    () => true,
    () => false,
  );

jest.setTimeout(90_000);

describe('when connections die without a word', () => {
  let server: OwnServer;
  let stranger: Stranger;
  const apps: TestApp[] = [];
  beforeEach(async () => {
    server = await OwnServer.start();
    apps.push(await startApp({ url: server.directUrl, grantlog: { listeners: false } }));
    stranger = await Stranger.connect(server.directUrl);
  });
  afterEach(async () => {
    server.address.speak();
    server.address.cut();
    await Promise.all(apps.splice(0).map((app) => app.close()));
    await stranger.end();
    await server.end();
  });

  async function start(): Promise<TestApp> {
    const app = await startApp({ url: server.url, grantlog: { listeners: false } });
    apps.push(app);
    return app;
  }

  it('in the middle of loads, those reject, memory follows again by itself, and it can be loaded again', async () => {
    const [writer] = apps as [TestApp];
    const [whole, part, quiet] = [await start(), await start(), await start()];
    const nodes = [whole, part, quiet];
    await letReadersRead(writer);
    await writer.assignments.assign([reader('revoked'), reader('standing')]);
    const filter = [{ ptype: 'p' }, { ptype: 'g' }];
    await part.enforcer.loadFilteredPolicy(filter);
    for (const node of nodes) await node.enforcer.caughtUp();
    await stranger.hold('LOCK TABLE casbin_rule IN ACCESS EXCLUSIVE MODE');
    const loads = [whole.enforcer.loadPolicy(), part.enforcer.loadFilteredPolicy(filter)];
    const outcomes = Promise.allSettled(loads);
    await stranger.waitForBlocked('%casbin_rule%', loads.length);
    server.address.forgetPresent();
    await stranger.release();

    await writer.assignments.remove(reader('revoked'));
    for (const node of nodes) {
      await until(
        () => mayRead(node, 'revoked'),
        (may) => !may,
        limit,
      );
      expect(await mayRead(node, 'standing')).toBe(true);
    }
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining('answer') } });
    }
    await until(() => works(() => whole.enforcer.loadPolicy()), Boolean, limit);
    await until(() => works(() => part.enforcer.loadFilteredPolicy(filter)), Boolean, limit);
    await writer.assignments.remove(reader('standing'));
    for (const node of nodes) await node.enforcer.caughtUp();
    for (const node of nodes) expect(await mayRead(node, 'standing')).toBe(false);
  });

  it('the app can be closed', async () => {
    const app = await start();
    await letReadersRead(app);
    await app.records();
    server.address.fallSilent();
    await app.close();
  });
});
