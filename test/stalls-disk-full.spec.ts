import { Client } from 'pg';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { letReadersRead, mayRead, reader, readerRule } from './support/facts';
import { expectLogIsTable } from './support/load';
import { Stranger } from './support/stranger';
import { until, untilSo } from './support/until';

const times = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const reasonOf = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);
const isGreen = (app: TestApp): Promise<void> => untilSo(async () => (await app.health.report()).status === 'green');
const diskFull = expect.objectContaining({
  code: '53100',
  message: expect.stringContaining('No space left on device'),
});

describe('on a full disk changes fail clearly as a whole, and go on when there is space', () => {
  let cluster: Cluster;
  let app: TestApp;
  let stranger: Stranger;
  beforeEach(async () => {
    cluster = await Cluster.create();
    app = await cluster.start();
    stranger = await Stranger.connect(cluster.database.url);
    await stranger.query(`
      CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$`);
    await letReadersRead(app);
    await app.assignments.assign([reader('standing'), reader('standing-too')]);
    await app.records();
  });
  afterEach(async () => {
    await stranger.end();
    await cluster.end();
  });

  const fill = (table: string, when = 'TRIGGER full_disk BEFORE', how = ''): Promise<unknown> =>
    stranger.query(
      `CREATE ${when} INSERT OR UPDATE OR DELETE ON ${table} ${how} FOR EACH ROW EXECUTE FUNCTION disk_full()`,
    );
  const empty = (table: string): Promise<unknown> => stranger.query(`DROP TRIGGER full_disk ON ${table}`);

  it.each([
    ['the outbox', 'audit_outbox', undefined, undefined],
    ['the table of rules', 'casbin_rule', undefined, undefined],
    ['the commit', 'casbin_rule', 'CONSTRAINT TRIGGER full_disk AFTER', 'DEFERRABLE INITIALLY DEFERRED'],
  ])('that %s does not fit on: every call is told, and changes nothing', async (_, table, when, how) => {
    await fill(table, when, how);
    const sent = jest.spyOn(Client.prototype, 'query');
    const shared = await Promise.all(times(300).map((n) => reasonOf(app.assignments.assign(reader(n)))));
    // Each is told by the statement it shares: to repeat every one of them would be a load on a server in distress.
    const statements = sent.mock.calls.filter(([query]) => JSON.stringify(query).includes('Grantlog: INSERT'));
    sent.mockRestore();
    expect(shared).toEqual(Array(300).fill(diskFull));
    expect(statements.length).toBeLessThan(30);
    const others = [
      app.assignments.assign(times(300).map((n) => reader(`many-${n}`))),
      app.assignments.remove(reader('standing')),
      app.assignments.removeAll({ role: 'role^reader' }),
      app.enforcer.updateGroupingPolicy(readerRule('standing'), readerRule('instead')),
      app.dataSource.transaction((manager) => app.assignments.assign(reader('inside'), { manager })),
    ];
    expect(await Promise.all(others.map(reasonOf))).toEqual(Array(others.length).fill(diskFull));
    expect([await mayRead(app, 'standing'), await mayRead(app, 0), await mayRead(app, 'instead')]).toEqual([
      true,
      false,
      false,
    ]);
    await expectLogIsTable(app);
    expect(await app.records()).toHaveLength(3);

    await empty(table);
    await Promise.all(times(300).map((n) => app.assignments.assign(reader(n))));
    expect(await mayRead(app, 299)).toBe(true);
    await expectLogIsTable(app);
    await isGreen(app);
  });

  it('that the log does not fit on: changes go on, health is red, and all is recorded in order when there is space', async () => {
    await fill('audit_record');
    for (const n of times(20)) await app.assignments.assign(reader(n));
    await app.assignments.remove(reader('standing'));
    expect([await mayRead(app, 19), await mayRead(app, 'standing')]).toEqual([true, false]);
    const { problems } = await until(
      () => app.health.report(),
      ({ status }) => status === 'red',
    );
    expect(problems.join()).toContain('No space left on device');
    expect((await app.health.report()).outbox.depth).toBe(21);
    await empty('audit_record');
    await isGreen(app);
    const records = (await app.records()).slice(3);
    expect(records.map(({ subject }) => subject)).toEqual([...times(20).map((n) => `user^${n}`), 'user^standing']);
    await expectLogIsTable(app);
  });
});
