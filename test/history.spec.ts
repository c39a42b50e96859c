import { type AssignmentInterval, type HistoryPage, type HistoryQuery, runAs } from 'grantlog';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { reader } from './support/facts';
import { HttpCaller, LetsPass } from './support/http';
import { Stranger } from './support/stranger';

const times = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

describe('the history of assignments', () => {
  let cluster: Cluster;
  let app: TestApp;
  let caller: HttpCaller;
  beforeEach(async () => {
    cluster = await Cluster.create();
    app = await cluster.start({ grantlog: { http: { guards: [LetsPass] }, listeners: false, attempts: true } });
    caller = await HttpCaller.of(app);
  });
  afterEach(() => cluster.end());

  /** What an interval tells, in short. */
  const told = ({ granted, ended }: AssignmentInterval): unknown[] => [
    granted && [granted.operation, granted.actor, granted.reason],
    ended && [ended.operation, ended.actor, ended.reason],
  ];

  async function pages(query: HistoryQuery): Promise<HistoryPage[]> {
    const all: HistoryPage[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await app.assignments.history({ ...query, cursor });
      all.push(page);
      if (page.nextCursor === null) return all;
      cursor = page.nextCursor;
    }
  }

  it('tells who granted and who ended it, when and why; newest first', async () => {
    const { assignments } = app;
    await runAs('user^boss', () => assignments.assign(reader(1), { reason: 'hired' }));
    await runAs('user^hr', () => assignments.remove(reader(1), { reason: 'left' }));
    await runAs('user^boss', () => assignments.assign(reader(1), { reason: 'came back' }));
    await assignments.assign({ ...reader(1), role: 'no key' }).catch(() => undefined); // an attempt changes nothing
    const log = await app.records();
    const { items, nextCursor, closedThrough } = await assignments.history({ subject: 'user^1' });
    expect(items.map(told)).toEqual([
      [['created', 'user^boss', 'came back'], null],
      [
        ['created', 'user^boss', 'hired'],
        ['deleted', 'user^hr', 'left'],
      ],
    ]);
    expect(items[1]).toEqual({ ...reader(1), granted: log[0], ended: log[1] });
    expect([nextCursor, closedThrough]).toEqual([null, log.at(-1)?.recordedAt]);
  });

  it('shows records over HTTP as the API shows them, and keys without their namespace', async () => {
    await app.assignments.assign(reader(1, 'lib^one'), { reason: 'why' });
    await app.records();
    const { status, body } = await caller.get(
      '/authz/role-assignments/history?scope=lib^one&scopeNamespace=lib&limit=1',
    );
    const { body: list } = await caller.get('/authz/audit-records');
    expect(status).toBe(200);
    expect(body).toEqual({
      items: [
        {
          ...reader(1, 'lib^one'),
          subjectDisplay: '1',
          roleDisplay: 'reader',
          scopeDisplay: 'one',
          granted: list.items[0],
          ended: null,
        },
      ],
      nextCursor: null,
      closedThrough: list.closedThrough,
    });
  });

  it('tells what happened past Grantlog as far as the log knows', async () => {
    const stranger = await Stranger.connect(cluster.database.url);
    await app.assignments.assign(reader('taken'));
    await app.records();
    await stranger.query(`DELETE FROM casbin_rule WHERE v0 = 'user^taken'`);
    await app.assignments.assign(reader('taken'));
    await stranger.query(`INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'user^given', 'role^reader', '*')`);
    await stranger.end();
    await app.assignments.remove(reader('given'));
    await app.records();
    const operations = async (subject: string): Promise<unknown> =>
      (await app.assignments.history({ subject })).items.map(({ granted, ended }) => [
        granted?.operation ?? null,
        ended?.operation ?? null,
      ]);
    expect(await operations('user^given')).toEqual([[null, 'deleted']]);
    expect(await operations('user^taken')).toEqual([
      ['created', null],
      ['created', 'created'], // made again although it was in force: nobody recorded that it had been taken away
    ]);
    const asOf = (await app.records()).at(-1)?.recordedAt;
    expect((await app.assignments.find({ asOf })).map(({ subject }) => subject)).toEqual(['user^taken']);
  });

  it('pages join down to the deepest, and filters hold together', async () => {
    for (const turn of times(12)) {
      await app.assignments.assign(times(10).map((n) => reader(n, n % 2 ? 'lib^odd' : 'lib^even')));
      await app.assignments.removeAll({ role: 'role^reader', scope: turn % 2 ? 'lib^odd' : 'lib^even' });
    }
    const log = await app.records();
    const all = (await pages({ role: 'role^reader', limit: 7 })).flatMap(({ items }) => items);
    const granted = log.filter(({ operation }) => operation === 'created').map(({ seq }) => seq);
    expect(all.map((one) => one.granted?.seq)).toEqual(granted.reverse());
    for (const query of [
      { scope: 'lib^odd' },
      { role: 'role^reader', scope: 'lib^odd' },
      { role: 'role^reader', scopeNamespace: 'lib', subject: 'user^3' },
    ]) {
      const { scopeNamespace, ...keys } = { scopeNamespace: undefined, ...query };
      expect(scopeNamespace ?? 'lib').toBe('lib');
      const expected = all.filter((one) => Object.entries(keys).every(([key, value]) => one[key as 'role'] === value));
      expect((await pages({ ...query, limit: 3 })).flatMap(({ items }) => items)).toEqual(expected);
      expect(expected.length).toBeGreaterThan(3);
    }
    expect((await app.assignments.history({ role: 'role^reader', scopeNamespace: 'course' })).items).toEqual([]);
    const seen = await app.assignments.history(
      { role: 'role^reader', limit: 200 },
      { visible: { scopes: ['lib^o*'] } },
    );
    expect(seen.items).toEqual(all.filter(({ scope }) => scope === 'lib^odd'));
  });

  it.each([
    ['', 'subject', /subject, role and scope/],
    ['scopeNamespace=lib', 'subject', /subject, role and scope/],
    ['limit=5', 'subject', /subject, role and scope/],
    ['subject=1', 'subject', /namespace/],
    ['role=role^a&scope=lib', 'scope', /namespace/],
    ['role=role^a&limit=0', 'limit', /1 to 200/],
    ['role=role^a&cursor=x', 'cursor', /nextCursor/],
    ['role=role^a&asOf=2026-01-01', 'asOf', /not known|unknown/i],
    ['role=role^a&role=role^b', 'role', /once/],
  ])('“%s” is refused, and %s named', async (parameters, field, message) => {
    const { status, body } = await caller.get(`/authz/role-assignments/history?${parameters}`);
    expect({ status, field: body.field }).toEqual({ status: 400, field });
    expect(body.message).toMatch(message);
  });

  it('a cursor of another list or query is refused', async () => {
    await app.assignments.assign([reader(1), reader(2), reader(3)]);
    const [last] = (await app.records()).slice(-1);
    const { nextCursor } = await app.assignments.history({ role: 'role^reader', limit: 1 });
    const { nextCursor: ofMoment } = await app.assignments.findPage({
      role: 'role^reader',
      limit: 1,
      asOf: last?.recordedAt,
    });
    const refused = { field: 'cursor' };
    await expect(app.assignments.history({ scope: '*', cursor: nextCursor ?? '' })).rejects.toMatchObject(refused);
    await expect(app.assignments.history({ role: 'role^reader', cursor: ofMoment ?? '' })).rejects.toMatchObject(
      refused,
    );
  });
});
