import fc from 'fast-check';
import { type AuditFilter, type AuditPage, type AuditRecord } from 'grantlog';
import type { Logger, ObjectLiteral } from 'typeorm';
import { collect, type TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { commitEvents, type OutboxRow } from './support/outbox-rows';

const seqs = (records: readonly AuditRecord[]) => records.map(({ seq }) => seq);
const times = (count: number) => Array.from({ length: count }, (_, at) => at);
const pick = <T>(values: readonly T[], at: number): T => values[at % values.length] as T;

const operations = times(6).map((at) => `01900000-0000-7000-8000-00000000000${at}`);
const values = {
  type: ['role_assignment.created', 'role_assignment.deleted', 'policy.created', 'policy.deleted', 'grouping.created'],
  subject: ['user^1', 'user^12', 'user^a%b', 'user^a_b', 'user^a\\b', 'user^axb', 'group^1', 'user^é😀', 'user^"q'],
  role: ['role^reader', 'role^admin', null],
  scope: ['*', 'lib^lib:Org1:math', 'lib^lib:Org1:*', 'lib^lib:Org2:art', 'course-v1^course-v1:O+C+R', 'lib2^x', null],
  actor: ['user^7', 'service^billing', 'system^nightly', null],
  request_id: ['r-1', 'r-2', 'r%', null],
};
const row = (at: number): OutboxRow => ({
  type: pick(values.type, at),
  subject: pick(values.subject, at * 7 + Math.floor(at / 9)),
  role: pick(values.role, at * 5 + Math.floor(at / 3)),
  scope: pick(values.scope, at * 3 + Math.floor(at / 7)),
  actor: pick(values.actor, at * 11 + Math.floor(at / 4)),
  request_id: pick(values.request_id, at + Math.floor(at / 4)),
  operation_id: pick(operations, Math.floor(at / 5)),
});

const namespaceOf = (key: string | null) => (key === null ? null : (key.split('^')[0] ?? null));

/** What a filter means, in words of JavaScript. */
const meaning: { [K in keyof Required<AuditFilter>]: (record: AuditRecord, value: string) => boolean } = {
  subject: (record, value) => record.subject === value,
  role: (record, value) => record.role === value,
  scope: (record, value) => record.scope === value,
  scopeNamespace: (record, value) => namespaceOf(record.scope) === value,
  subjectPrefix: (record, value) => record.subject.startsWith(value),
  scopePrefix: (record, value) => record.scope?.startsWith(value) ?? false,
  actor: (record, value) => record.actor === value,
  operation: (record, value) => record.operation === value,
  type: (record, value) => record.type === value,
  outcome: (record, value) => record.outcome === value,
  from: (record, value) => record.recordedAt >= value,
  to: (record, value) => record.recordedAt < value,
  requestId: (record, value) => record.requestId === value,
  operationId: (record, value) => record.operationId === value,
};

const matches = (record: AuditRecord, filter: AuditFilter) =>
  Object.entries(filter).every(([field, value]) => meaning[field as keyof AuditFilter](record, value as string));

/** The same moment, some microseconds later, without a detour through Date. */
function later(moment: string, microseconds: number): string {
  const digits = BigInt(Date.parse(`${moment.slice(0, 19)}Z`)) * 1_000n + BigInt(moment.slice(20, 26));
  const sum = digits + BigInt(microseconds);
  return `${new Date(Number(sum / 1_000_000n) * 1_000).toISOString().slice(0, 19)}.${String(sum % 1_000_000n).padStart(6, '0')}Z`;
}

describe('reading the log', () => {
  let cluster: Cluster;
  let app: TestApp;
  let log: AuditRecord[];
  beforeAll(async () => {
    cluster = await Cluster.create();
    app = await cluster.start({ grantlog: { recordingBatch: 7, listeners: false } });
    await commitEvents(app.dataSource, times(300).map(row));
    log = await app.records();
  });
  afterAll(() => cluster.end());

  const expected = (filter: AuditFilter) => seqs(log.filter((record) => matches(record, filter))).reverse();

  async function pages(filter: AuditFilter, limit: number, between?: () => Promise<void>): Promise<AuditPage[]> {
    const all: AuditPage[] = [];
    let cursor: string | undefined;
    do {
      const page = await app.trail.find({ ...filter, limit, cursor });
      all.push(page);
      cursor = page.nextCursor ?? undefined;
      await between?.();
    } while (cursor !== undefined);
    return all;
  }

  const found = async (filter: AuditFilter) => (await pages(filter, 200)).flatMap(({ items }) => seqs(items));

  it('the log holds what was committed, in the order of seq', () => {
    expect(seqs(log)).toEqual(times(300).map((at) => String(at + 1)));
    expect(log.map(({ subject }) => subject)).toEqual(times(300).map((at) => row(at).subject));
    expect(new Set(log.map(({ recordedAt }) => recordedAt)).size).toBe(Math.ceil(300 / 7));
  });

  const known: [keyof AuditFilter, readonly (string | null)[]][] = [
    ['subject', values.subject],
    ['role', values.role],
    ['scope', values.scope],
    ['scopeNamespace', ['lib', 'lib2', 'course-v1', '*', 'none']],
    ['subjectPrefix', ['user^', 'user^1', 'user^a', 'user^a%', 'user^a_', 'user^a\\', '%', '_', '\\', 'u', 'user^é']],
    ['scopePrefix', ['lib', 'lib^', 'lib^lib:Org1:', 'lib^lib:Org1:*', '*', '%', 'course-v1^course-v1:O+']],
    ['actor', values.actor],
    ['operation', ['created', 'deleted']],
    ['type', [...values.type, 'grouping.deleted']],
    ['outcome', ['success']],
    ['requestId', [...values.request_id, 'r']],
    ['operationId', [...operations, '01900000-0000-7000-8000-0000000000ff']],
  ];

  it.each(known)('the filter %s finds what it says, newest first', async (field, candidates) => {
    for (const value of candidates) {
      if (value === null) continue;
      const filter = { [field]: value } as AuditFilter;
      expect(await found(filter)).toEqual(expected(filter));
      expect(seqs(await collect(app.trail.stream(filter)))).toEqual(expected(filter).reverse());
    }
  });

  it('any combination of filters finds what all of them say', async () => {
    const fields = Object.fromEntries(
      known.map(([field, candidates]) => [field, fc.constantFrom(...candidates.filter((value) => value !== null))]),
    );
    const moment = fc
      .tuple(fc.nat(log.length - 1), fc.constantFrom(-1, 0, 1))
      .map(([at, shift]) => later(log[at]?.recordedAt ?? '', shift));
    const filters = fc.record({ ...fields, from: moment, to: moment }, { requiredKeys: [] });
    // At most three at a time: more would hardly ever match anything.
    const some = fc
      .tuple(filters, fc.shuffledSubarray([...Object.keys(fields), 'from', 'to'], { maxLength: 3 }))
      .map(([filter, kept]) => Object.fromEntries(Object.entries(filter).filter(([field]) => kept.includes(field))))
      .filter(({ from = '', to = '9' }: AuditFilter) => from <= to);
    await fc.assert(
      fc.asyncProperty(some, fc.integer({ min: 5, max: 200 }), async (filter: AuditFilter, limit) => {
        const read = await pages(filter, limit);
        expect(read.flatMap(({ items }) => seqs(items))).toEqual(expected(filter));
        expect(read.slice(0, -1).every(({ items }) => items.length === limit)).toBe(true);
      }),
      { numRuns: 120 },
    );
  });

  it('from and to are a half-open window over recordedAt, exact to the microsecond', async () => {
    const moments = [...new Set(log.map(({ recordedAt }) => recordedAt))];
    for (const moment of moments.flatMap((one) => [later(one, -1), one, later(one, 1)])) {
      const first = log.find(({ recordedAt }) => recordedAt >= moment)?.seq ?? '301';
      const [answer] = await app.dataSource.query(`SELECT audit_seq_at($1)::text AS seq`, [moment]);
      expect([moment, answer.seq]).toEqual([moment, first]);
      expect(await found({ from: moment })).toEqual(expected({ from: moment }));
      expect(await found({ to: moment })).toEqual(expected({ to: moment }));
    }
    const [from = '', to = ''] = [moments[3], moments[5]];
    expect(await found({ from, to })).toEqual(expected({ from, to }));
    expect(await found({ from, to: from })).toEqual([]);
    await expect(found({ from: to, to: from })).rejects.toThrow(/from: must not be after to/);
    const shifted = `${later(from, 3_600_000_000).slice(0, -1)}+01:00`;
    expect(await found({ from: shifted })).toEqual(expected({ from }));
    expect(await found({ to: '1970-01-01' })).toEqual([]);
    expect(await found({ from: '9999-12-31T23:59:59.999999Z' })).toEqual([]);
  });

  it('a cursor of another query is refused', async () => {
    const { nextCursor } = await app.trail.find({ subject: 'user^1', limit: 2 });
    const cursor = nextCursor ?? '';
    expect((await app.trail.find({ limit: 5, subject: 'user^1', cursor })).items).toHaveLength(5);
    for (const other of [{}, { subject: 'user^12' }, { role: 'user^1' }, { subject: 'user^1', outcome: 'success' }]) {
      await expect(app.trail.find({ ...(other as AuditFilter), cursor })).rejects.toMatchObject({ field: 'cursor' });
    }
  });

  it('pages join without gaps or repeats while records arrive, and what is closed never changes', async () => {
    const from = later(log.at(-1)?.recordedAt ?? '', 1);
    let added = 300;
    const read = await pages({ subjectPrefix: 'user^' }, 7, async () => {
      await commitEvents(app.dataSource, [row(added++), row(added++)]);
      await app.relay.drained();
    });
    expect(read.flatMap(({ items }) => seqs(items))).toEqual(expected({ subjectPrefix: 'user^' }));
    const now = await app.records();
    expect(now).toHaveLength(added);
    let before = 0;
    for (const { closedThrough } of read) {
      const closed = now.filter(({ recordedAt }) => recordedAt <= closedThrough);
      expect(closed).toHaveLength(300 + before); // two records came after each page, and none at or before its moment
      before += 2;
    }
    expect(await found({ from })).toHaveLength(added - 300);
    expect(await collect(app.trail.stream({ to: from }))).toEqual(log);
  });
});

describe('reading a log of 20,000 records', () => {
  let cluster: Cluster;
  let app: TestApp;
  const asked: { sql: string; parameters?: unknown[] | ObjectLiteral }[] = [];
  const ignored = () => undefined;
  const logger: Logger = {
    logQuery: (sql, parameters) => asked.push({ sql, parameters }),
    logQueryError: ignored,
    logQuerySlow: ignored,
    logSchemaBuild: ignored,
    logMigration: ignored,
    log: ignored,
  };
  beforeAll(async () => {
    cluster = await Cluster.create();
    app = await cluster.start({ dataSource: { logger }, grantlog: { listeners: false } });
    // Those who left long ago: many records, all of them old. Whoever looks for them from the end of the log walks through it.
    const gone = times(1_500).map(() => ({
      type: 'role_assignment.created',
      subject: 'user^gone',
      role: 'role^gone',
      scope: 'gone^scope',
      actor: 'user^gone',
      request_id: 'gone',
      operation_id: operations[0],
    }));
    const events = times(18_500).map((at) => ({
      type: pick(values.type, at),
      subject: `user^${(at * 7919) % 2_000}`,
      role: `role^${(at * 31) % 40}`,
      scope: at % 4_000 === 7 ? `rare^${at}` : `lib${at % 5}^lib:Org${(at * 17) % 500}`,
      actor: `user^${(at * 13) % 50}`,
      request_id: at % 4 === 0 ? null : `request-${at % 5_000}`,
      operation_id: `01900000-0000-7000-9000-${String(at % 7_000).padStart(12, '0')}`,
    }));
    await commitEvents(app.dataSource, gone);
    await commitEvents(app.dataSource, events);
    await app.relay.drained();
    await app.dataSource.query('ANALYZE audit_record');
  });
  afterAll(() => cluster.end());

  /** The plan of the statement on audit_record that a call sends. */
  async function planOf(call: () => Promise<unknown>): Promise<string> {
    asked.length = 0;
    await call();
    const { sql, parameters } = asked.find((query) => query.sql.includes('FROM audit_record')) ?? {};
    const lines: Record<string, string>[] = await app.dataSource.query(`EXPLAIN ${sql}`, parameters);
    return lines.map((line) => line['QUERY PLAN']).join('\n');
  }

  const keys: [keyof AuditFilter, string, string][] = [
    ['subject', 'subject', 'user^42'],
    ['role', 'role', 'role^7'],
    ['scope', 'scope', 'lib1^lib:Org51'],
    ['scopeNamespace', 'scope_namespace', 'rare'],
    ['scopeNamespace', 'scope_namespace', 'lib3'],
    ['scopeNamespace', 'scope_namespace', 'absent'],
    ['actor', 'actor', 'user^3'],
    ['requestId', 'request_id', 'request-77'],
    ['operationId', 'operation_id', '01900000-0000-7000-9000-000000000077'],
    ['subject', 'subject', 'user^gone'],
    ['role', 'role', 'role^gone'],
    ['scope', 'scope', 'gone^scope'],
    ['scopeNamespace', 'scope_namespace', 'gone'],
    ['actor', 'actor', 'user^gone'],
    ['requestId', 'request_id', 'gone'],
    ['operationId', 'operation_id', operations[0] ?? ''],
  ];

  it.each(keys)('the filter %s reads a range of the index on %s for %s, also behind a cursor', async (...of) => {
    const [field, column, value] = of;
    const filter: AuditFilter = { [field]: value };
    const { nextCursor } = await app.trail.find({ ...filter, limit: 1 });
    for (const cursor of [undefined, nextCursor ?? undefined]) {
      const plan = await planOf(() => app.trail.find({ ...filter, cursor }));
      expect(plan).toMatch(new RegExp(`(using|on) audit_record_${column} `));
      expect(plan).toMatch(new RegExp(`Index Cond: \\(+(ROW\\()?${column}\\b`));
      expect(plan).not.toMatch(/Seq Scan|Filter|audit_record_pkey/);
    }
  });

  it('no filter, a window of time and an event id are ranges of an index', async () => {
    const [id = '', moment = ''] = (await app.trail.find({ limit: 1 })).items.flatMap((item) => [
      item.id,
      item.recordedAt,
    ]);
    const page = await planOf(() => app.trail.find());
    expect(page).toMatch(/Index Scan Backward using audit_record_pkey/);
    const window = await planOf(() => app.trail.find({ from: '2020-01-01', to: moment }));
    expect(window).toMatch(/Index Cond: .*seq.*audit_seq_at.*seq.*audit_seq_at/);
    const both = await planOf(() => app.trail.find({ subject: 'user^42', from: '2020-01-01' }));
    expect(both).toMatch(/using audit_record_subject.*\n.*Index Cond: .*subject.*seq.*audit_seq_at/);
    const one = await planOf(() => app.trail.get(id));
    expect(one).toContain('audit_record_id');
    expect([page, window, both, one].join()).not.toMatch(/Seq Scan|Sort/);
  });
});
