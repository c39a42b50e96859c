import { type AssignmentPage, type AssignmentQuery, InvalidInputError, runAs } from 'grantlog';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { reader } from './support/facts';
import { HttpCaller, LetsPass } from './support/http';

const times = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const subjectsOf = ({ items }: AssignmentPage): string[] => items.map(({ subject }) => subject);

describe('assignments as of a moment', () => {
  let cluster: Cluster;
  let app: TestApp;
  let caller: HttpCaller;
  /** When 25 had been granted, and none of them taken away. */
  let full: string;
  beforeAll(async () => {
    cluster = await Cluster.create();
    app = await cluster.start({ grantlog: { http: { guards: [LetsPass] }, listeners: false, recordingBatch: 4 } });
    caller = await HttpCaller.of(app);
    await runAs('service^hr', () =>
      app.assignments.assign(times(25).map((n) => reader(10 + n, n % 5 === 0 ? 'lib^five' : 'lib^other'))),
    );
    full = (await app.records()).at(-1)?.recordedAt ?? '';
    await app.assignments.removeAll({ role: 'role^reader' });
    await app.assignments.assign([reader('new', 'lib^five'), reader('elsewhere', 'course^one')]);
    await app.records();
  });
  afterAll(() => cluster.end());

  const backwards = times(25)
    .map((n) => `user^${10 + n}`)
    .reverse();

  async function pages(query: AssignmentQuery, between?: () => Promise<unknown>): Promise<AssignmentPage[]> {
    const all: AssignmentPage[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await app.assignments.findPage({ ...query, cursor });
      all.push(page);
      if (page.nextCursor === null) return all;
      cursor = page.nextCursor;
      await between?.();
    }
  }

  it('come newest first, with who granted them and when, and say of which moment and record they are', async () => {
    const { status, body } = await caller.get(`/authz/role-assignments?asOf=${full}&subject=user^17`);
    expect(status).toBe(200);
    const [record] = (await app.trail.find({ subject: 'user^17', operation: 'created' })).items;
    expect(body).toEqual({
      items: [
        {
          ...reader(17, 'lib^other'),
          subjectDisplay: '17',
          roleDisplay: 'reader',
          scopeDisplay: 'other',
          grantedBy: 'service^hr',
          grantedAt: record?.recordedAt,
        },
      ],
      nextCursor: null,
      asOf: full,
      seq: '25',
    });
    expect(subjectsOf(await app.assignments.findPage({ asOf: full }))).toEqual(backwards);
    expect((await app.assignments.find({ asOf: full })).map(({ subject }) => subject)).toEqual(backwards);
    expect((await app.assignments.find()).map(({ subject }) => subject)).toEqual(['user^new', 'user^elsewhere']);
  });

  it('pages join, and all are of the same moment while changes go on', async () => {
    let n = 0;
    const read = await pages({ asOf: full, limit: 4 }, async () => {
      await app.assignments.assign(reader(`meanwhile-${(n += 1)}`));
      await app.relay.drained();
    });
    expect(read.map(({ items }) => items.length)).toEqual([4, 4, 4, 4, 4, 4, 1]);
    expect(read.flatMap(subjectsOf)).toEqual(backwards);
    expect(new Set(read.map(({ seq }) => seq))).toEqual(new Set(['25']));
    expect((await pages({ asOf: full, limit: 5, scope: 'lib^five' })).flatMap(subjectsOf)).toHaveLength(5);
    await app.assignments.removeAll({ role: 'role^reader', scope: '*' });
  });

  it('a cursor belongs to its moment and filters', async () => {
    const { nextCursor } = await app.assignments.findPage({ asOf: full, limit: 2 });
    const { nextCursor: ofNow } = await app.assignments.findPage({ limit: 1 });
    const others: AssignmentQuery[] = [
      { asOf: full, role: 'role^reader', cursor: nextCursor ?? '' },
      { asOf: '2020-01-01', cursor: nextCursor ?? '' },
      { cursor: nextCursor ?? '' },
      { asOf: full, cursor: ofNow ?? '' },
      { asOf: full, cursor: 'WzEsMl0' },
    ];
    for (const query of others) {
      await expect(app.assignments.findPage(query)).rejects.toMatchObject({ field: 'cursor' });
    }
  });

  it('are narrowed to what somebody may see, whatever leads to them', async () => {
    const query = { asOf: full };
    const five = backwards.filter((subject) => Number(subject.slice(5)) % 5 === 0);
    const visible = [
      { scopes: ['lib^five'] },
      { scopes: ['lib^f*', 'course^one'] },
      { namespaces: ['lib'], except: ['lib^other'] },
      { scopes: ['*'], except: ['lib^o*'] },
    ];
    for (const part of visible) {
      const seen = async (more: AssignmentQuery): Promise<string[]> =>
        subjectsOf(await app.assignments.findPage({ ...query, ...more }, { visible: part }));
      expect(await seen({})).toEqual(five);
      expect(await seen({ role: 'role^reader' })).toEqual(five);
      expect(await seen({ scopeNamespace: 'lib' })).toEqual(five);
      expect(await seen({ subject: 'user^15' })).toEqual(['user^15']);
      expect(await seen({ subject: 'user^16' })).toEqual([]);
      expect(await seen({ scope: 'lib^other' })).toEqual([]);
      expect(await app.assignments.find({ asOf: full }, { visible: part })).toHaveLength(5);
    }
    expect((await app.assignments.findPage(query, { visible: {} })).items).toEqual([]);
    expect((await app.assignments.findPage(query, { visible: { namespaces: ['absent'] } })).items).toEqual([]);
    const many = {
      scopes: times(300)
        .map((n) => `lib^absent-${n}`)
        .concat('lib^five'),
      namespaces: ['course'],
    };
    const first = await app.assignments.findPage({ ...query, limit: 3 }, { visible: many });
    expect(subjectsOf(first)).toEqual(five.slice(0, 3));
    const next = await app.assignments.findPage(
      { ...query, limit: 3, cursor: first.nextCursor ?? '' },
      { visible: many },
    );
    expect(subjectsOf(next)).toEqual(five.slice(3));
  });

  it.each([
    ['subject=no-key', 'subject'],
    ['role=', 'role'],
    ['scope=%00', 'scope'],
    ['scopeNamespace=lib^one', 'scopeNamespace'],
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['asof=2026-01-01', 'asof'],
    ['asOf=2026-01-01&asOf=2026-01-02', 'asOf'],
  ])('%s is refused, and named', async (parameters, field) => {
    const { status, body } = await caller.get(
      `/authz/role-assignments?${parameters}&${field === 'asOf' ? '' : `asOf=${full}`}`,
    );
    expect({ status, field: body.field }).toEqual({ status: 400, field });
  });

  it('nothing is removed by what was in force once', async () => {
    const filter = { role: 'role^reader', asOf: full };
    await expect(app.assignments.removeAll(filter)).rejects.toBeInstanceOf(InvalidInputError);
    await expect(app.assignments.find({ asOf: 7 as unknown as string })).rejects.toMatchObject({ field: 'asOf' });
    await expect(app.assignments.find({ asOf: null as unknown as string })).rejects.toMatchObject({ field: 'asOf' });
  });
});
