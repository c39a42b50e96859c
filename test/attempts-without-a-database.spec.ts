import { type AuditRecord, NotConnectedError, type RoleAssignment } from 'grantlog';
import { startApp, type TestApp } from './support/app';
import { reader } from './support/facts';
import { expectNothingHalfDone, Load } from './support/load';
import { OwnServer } from './support/own-server';
import { Stranger } from './support/stranger';
import { until } from './support/until';

jest.setTimeout(60_000); // servers are made, and started again

const attempts = { grantlog: { attempts: true } };
const namesOf = (records: readonly AuditRecord[]): string[] =>
  records.map(({ subject }) => subject.replace('user^', ''));
const refused = (name: string): RoleAssignment => ({ ...reader(name), role: 'no key' });
const failing = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

describe('attempts, while the database is away,', () => {
  let server: OwnServer;
  let apps: TestApp[];
  let stranger: Stranger;
  beforeEach(async () => {
    server = await OwnServer.start();
    apps = [];
  });
  afterEach(async () => {
    await server.address.open().catch(() => undefined);
    await Promise.all(apps.map((app) => app.close()));
    await stranger?.end();
    await server.end();
  });

  async function start(): Promise<TestApp> {
    const app = await startApp({ url: server.url, ...attempts });
    apps.push(app);
    return app;
  }

  const settled = (app: TestApp, count: number): Promise<AuditRecord[]> =>
    until(
      () => app.records().catch(() => []),
      (records) => records.filter(({ outcome }) => outcome !== 'success').length >= count,
      30_000,
    );

  it('wait, are shown by health, and are recorded once each when it is back', async () => {
    const app = await start();
    await app.records();
    let change: unknown;
    const work = app.dataSource.transaction(async (manager) => {
      [change] = (await app.assignments.assign(reader('open'), { manager })).events;
      await server.address.close();
      await manager.query('SELECT 1');
    });
    await expect(work).rejects.toThrow();
    const errors = await Promise.all(['a', 'b', 'c'].map((name) => failing(app.assignments.assign(reader(name)))));
    for (const error of errors) expect(error).toBeInstanceOf(NotConnectedError);
    const { attempts: away, status } = await until(
      () => app.health.report(),
      ({ attempts: health }) => health?.lastError !== null,
    );
    expect([status, away?.waiting]).toEqual(['red', 3]);
    await server.address.open();
    const records = await settled(app, 4);
    expect(namesOf(records).sort()).toEqual(['a', 'b', 'c', 'open']);
    const ids = Object.fromEntries(records.map(({ subject, operationId }) => [subject, operationId]));
    expect(ids['user^open']).toBe((change as AuditRecord).operationId);
    expect(ids['user^a']).toBe((errors[0] as NotConnectedError).operationId);
    await until(
      async () => (await app.health.report()).attempts,
      (health) => health?.lastError === null && health.waiting === 0,
    );
  });

  it('are recorded once, also if the answer to their writing is lost', async () => {
    const app = await start();
    await app.records();
    stranger = await Stranger.connect(server.directUrl);
    await stranger.hold('LOCK TABLE audit_outbox IN SHARE MODE');
    await failing(app.assignments.assign(refused('once')));
    await stranger.waitForBlocked('%attempts, INSERT INTO audit_outbox%');
    server.address.fallSilent();
    await stranger.release();
    await until(
      () => stranger.query('SELECT FROM audit_outbox'),
      (rows) => rows.length === 1,
    );
    server.address.cut();
    server.address.speak();
    await settled(app, 1);
    await failing(app.assignments.assign(refused('later')));
    expect(namesOf(await settled(app, 2))).toEqual(['once', 'later']);
  });

  it('the server having crashed, tell of what was open then', async () => {
    const app = await start();
    await app.records();
    const work = app.dataSource.transaction(async (manager) => {
      await app.assignments.assign(reader('crashed'), { manager });
      server.kill();
      await until(
        () => failing(manager.query('SELECT 1')),
        (answer) => answer instanceof Error,
      );
      await manager.query('SELECT 1');
    });
    await expect(work).rejects.toThrow();
    await server.startAgain();
    await until(
      () => failing(app.assignments.assign(reader('afterwards'))),
      (answer) => !(answer instanceof Error),
    );
    const records = await settled(app, 1);
    expect(records.filter(({ subject }) => subject === 'user^crashed').map(({ outcome }) => outcome)).toEqual([
      'failed',
    ]);
  });

  it('the server having crashed under load, tell of nothing that was done, and of nothing twice', async () => {
    const nodes = [await start(), await start()] as const;
    const load = new Load([...nodes]);
    await load.goesOn();
    server.kill();
    await until(
      () => load.faults.length,
      (count) => count > 20,
    );
    await server.startAgain();
    await load.goesOn();
    await load.end();
    await expectNothingHalfDone(load, [...nodes]);
    const done = new Set((await nodes[0].assignments.find()).map(({ subject }) => subject));
    const tried = (await settled(nodes[0], 20)).filter(({ outcome }) => outcome !== 'success');
    expect(tried.filter(({ subject }) => done.has(subject))).toEqual([]);
    expect(new Set(tried.map(({ id }) => id)).size).toBe(tried.length);
  });
});
