import type { AuditFilter, AuditRecord, Histogram, HistogramQuery, VisibleScopes } from 'grantlog';
import { KeySyntax } from 'grantlog';
import { isVisible } from '../libs/grantlog/src/contract/visible-scopes';
import { AuditHistogram } from '../libs/grantlog/src/trail/audit-histogram';
import { planning, RecordCount } from '../libs/grantlog/src/trail/record-count';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { appendDated, type DatedRecord } from './support/dated-records';

const count = 4_000;
const call = '01890000-0000-7000-8000-000000000001';
const first = Date.parse('2026-03-01T00:00:00Z');

const window = { by: 'day', to: '2026-05-12' } as const;

/** Some 70 days of records, dense and sparse by turns; many share a moment. */
function record(at: number): DatedRecord {
  const day = Math.floor(at / 57) + (at % 57 < 40 ? 0 : (at % 17) / 17);
  const kind = at % 50 === 0 ? 'policy' : 'role_assignment';
  return {
    at: new Date(first + day * 86_400_000).toISOString(),
    type: `${kind}.${at % 3 === 0 ? 'deleted' : 'created'}`,
    outcome: at % 40 === 1 ? 'denied' : 'success',
    subject: `user^${(at * 7) % 90}`,
    role: kind === 'policy' ? null : `role^${at % 4}`,
    scope: at % 25 === 0 ? null : at % 100 === 1 ? '*' : `${at % 2 ? 'lib^lib:' : 'org^'}Org${(at * 3) % 13}`,
    actor: at % 10 === 0 ? null : `user^${at % 5}`,
    request_id: at % 30 === 0 ? 'request-1' : null,
    operation_id: at % 60 === 0 ? call : undefined,
  };
}

const namespaceOf = (key: string): string => key.split('^')[0] ?? key;
const fields = [
  'subject',
  'role',
  'scope',
  'actor',
  'operation',
  'type',
  'outcome',
  'requestId',
  'operationId',
] as const;
const matches = (record: AuditRecord, filter: AuditFilter, visible: VisibleScopes): boolean =>
  isVisible(visible, record.scope, namespaceOf) &&
  record.subject.startsWith(filter.subjectPrefix ?? '') &&
  (filter.scopePrefix === undefined || record.scope?.startsWith(filter.scopePrefix) === true) &&
  (filter.scopeNamespace === undefined || namespaceOf(record.scope ?? '') === filter.scopeNamespace) &&
  fields.every((field) => filter[field] === undefined || filter[field] === record[field]);

const filters: AuditFilter[] = [
  {},
  { subject: 'user^7' },
  { subject: 'user^absent' },
  { role: 'role^1' },
  { scope: 'org^Org6' },
  { scope: '*' },
  { scopeNamespace: 'lib' },
  { scopeNamespace: '*' },
  { actor: 'user^3' },
  { operation: 'created' },
  { operation: 'read' },
  { type: 'policy.created' },
  { type: 'role_assignment.created' },
  { type: 'policy.created', operation: 'deleted' },
  { outcome: 'denied' },
  { outcome: 'success' },
  { outcome: 'failed' },
  { requestId: 'request-1' },
  { operationId: call },
  { subjectPrefix: 'user^1' },
  { subjectPrefix: 'absent' },
  { scopePrefix: 'lib^lib:Org1' },
  { scopePrefix: 'lib^' },
  { scopePrefix: 'l' },
  { role: 'role^2', scopeNamespace: 'lib' },
  { subjectPrefix: 'user^1', operation: 'deleted' },
  { scopePrefix: 'org^Org1', type: 'role_assignment.created', outcome: 'success' },
  { outcome: 'denied', operation: 'created', actor: 'user^1' },
];
const everybody: VisibleScopes[] = [
  'all',
  { scopes: ['*'] },
  { scopes: ['*'], except: ['lib^lib:Org1*'] },
  { namespaces: ['lib'] },
  { namespaces: ['lib', 'org'], except: ['org^Org6'] },
  { scopes: ['lib^lib:Org1*', 'org^Org6'] },
  { scopes: ['org^Org6'] },
  { scopes: ['*'], except: ['*'] },
  {},
];
const limits = [
  { records: 200_000, keys: 1_000_000 },
  { records: 500, keys: 800 },
  { records: 30, keys: 40 },
  { records: 1, keys: 1 },
];

describe('a histogram', () => {
  let cluster: Cluster;
  let app: TestApp;
  let log: AuditRecord[];
  beforeAll(async () => {
    cluster = await Cluster.create();
    app = await cluster.start({ grantlog: { listeners: false } });
    await appendDated(app.dataSource, Array.from({ length: count }, (_, at) => record(at)).sort(byTime));
    await app.dataSource.query('VACUUM ANALYZE audit_record');
    log = await app.records();
  });
  afterAll(() => cluster.end());

  const counted = (at: number): AuditHistogram => new AuditHistogram(app.dataSource, new KeySyntax(), limits[at]);

  /** Buckets lie side by side, each has the count of the log itself, and those without one come first. */
  function expectExact({ items, countedFrom }: Histogram, filter: AuditFilter, visible: VisibleScopes): void {
    const wanted = log.filter((one) => matches(one, filter, visible)).map(({ recordedAt }) => recordedAt);
    const exact = items.map(({ from, to }) => wanted.filter((at) => at >= from && at < to).length);
    const told = items.map(({ from }, at) => (countedFrom !== null && from < countedFrom ? null : exact[at]));
    expect({ filter, visible, counts: items.map((item) => item.count) }).toEqual({ filter, visible, counts: told });
    expect(items.slice(1).map(({ from }) => from)).toEqual(items.slice(0, -1).map(({ to }) => to));
    expect(exact.reduce((sum, one) => sum + one, 0)).toBe(wanted.length);
  }

  it.each(filters)('of %j has in each bucket what the log has there, for every viewer', async (filter) => {
    for (const visible of everybody) {
      const histogram = await app.trail.histogram({ ...filter, ...window }, { visible });
      expect(histogram.countedFrom).toBeNull();
      expectExact(histogram, filter, visible);
    }
  });

  it.each(filters)('of %j counts what it may look at, and says from where on', async (filter) => {
    for (const visible of everybody) {
      for (const at of [1, 2, 3]) {
        const histogram = await counted(at).of({ ...filter, ...window }, { visible });
        expectExact(histogram, filter, visible);
      }
    }
  });

  it('of everything is counted whole, whatever may be looked at', async () => {
    for (const visible of ['all', { scopes: ['*'] }] as const) {
      const { items, countedFrom } = await counted(3).of(
        { by: 'hour', from: '2026-04-01', to: '2026-05-01' },
        { visible },
      );
      expect([items.length, countedFrom]).toEqual([720, null]);
    }
  });

  it('counts as many of the newest buckets as it may look at entries', async () => {
    const looked = async (filter: AuditFilter, entries: (one: AuditRecord) => boolean, most: number): Promise<void> => {
      const { items, countedFrom } = await counted(1).of({ ...filter, ...window });
      const from = items.findIndex((item) => item.from === countedFrom);
      const entriesFrom = (at: number): number =>
        log.filter((one) => entries(one) && one.recordedAt >= (items[at]?.from ?? '')).length;
      expect(from).toBeGreaterThan(0);
      expect(entriesFrom(from)).toBeLessThanOrEqual(most);
      expect(entriesFrom(from - 1)).toBeGreaterThan(most);
    };
    await looked({ scopeNamespace: 'lib' }, ({ scope }) => scope?.startsWith('lib^') === true, 800);
    await looked({ scopeNamespace: 'lib', role: 'role^1' }, ({ role }) => role === 'role^1', 500);
    await looked({ type: 'role_assignment.created' }, ({ type }) => type === 'role_assignment.created', 800);
    await looked({ operation: 'created' }, ({ operation }) => operation === 'created', 800);
    await looked({ operation: 'created', outcome: 'success' }, ({ operation }) => operation === 'created', 500);
    await looked({ subjectPrefix: 'user^' }, () => true, 800);
    await looked({ outcome: 'success' }, () => true, 500);
  });

  it('if not even the newest bucket may be counted, begins to count at its end', async () => {
    const { items, countedFrom } = await counted(3).of({ role: 'role^1', by: 'month', to: '2026-05-01' });
    expect(items.map((item) => item.count)).toEqual([null, null]);
    expect(countedFrom).toBe('2026-05-01T00:00:00.000000Z');
  });

  it('is of as many records as find() finds from the beginning to the end of each bucket', async () => {
    const filter: HistogramQuery = { role: 'role^3', from: '2026-03-10T07:00:00Z', to: '2026-03-20T19:30:00Z' };
    const { by, items } = await app.trail.histogram({ ...filter, timeZone: 'Asia/Kolkata' });
    expect([by, items[0]?.from, items.at(-1)?.to]).toEqual([
      'day',
      '2026-03-10T07:00:00.000000Z',
      '2026-03-20T19:30:00.000000Z',
    ]);
    for (const { from, to, count: told } of items) {
      const page = await app.trail.find({ role: 'role^3', from, to, limit: 200 });
      expect([from, page.items.length]).toEqual([from, told]);
    }
  });

  it('of one key alone reads its index alone, newest first, and no more of it than it may', async () => {
    const { items } = await app.trail.histogram({ by: 'day' });
    const buckets = items.map(({ from, to }) => ({ from, to, low: '1', high: String(count + 1) })).slice(0, 1);
    for (const filter of [{ scopeNamespace: 'lib' }, { actor: 'user^3' }, { role: 'role^1' }, { subject: 'user^7' }]) {
      const counting = new RecordCount({ filter, visible: 'all', ranges: undefined }, { records: 10, keys: 20 });
      const { text, parameters } = counting.statement(buckets);
      const plan = await app.dataSource.transaction(async (manager) => {
        await manager.query(planning.slice(planning.indexOf(';') + 1));
        const lines: { 'QUERY PLAN': string }[] = await manager.query(`EXPLAIN (ANALYZE) ${text}`, [...parameters]);
        return lines.map((line) => line['QUERY PLAN']).join('\n');
      });
      expect(plan).toMatch(
        /Index Only Scan Backward using audit_record_\w+ on audit_record .*actual.* rows=21(\.00)? loops=1/,
      );
      expect(plan).not.toMatch(/Sort|Seq Scan|Bitmap/);
    }
  });

  it('begins with the oldest record: of the log, of the leading key, or of what the viewer sees of it', async () => {
    const began = async (query: HistogramQuery, visible?: VisibleScopes): Promise<string | undefined> =>
      (await app.trail.histogram({ ...query, by: 'day' }, { visible })).items[0]?.from;
    const dayOf = (which: (one: AuditRecord) => boolean): string =>
      `${log.find(which)?.recordedAt.slice(0, 10)}T00:00:00.000000Z`;
    expect(await began({})).toBe(dayOf(() => true));
    expect(await began({ subject: 'user^89' })).toBe(dayOf(({ subject }) => subject === 'user^89'));
    expect(await began({ subject: 'user^89', operation: 'deleted' })).toBe(
      dayOf(({ subject }) => subject === 'user^89'),
    );
    const sees = { scopes: ['org^Org6'] };
    const seen = ({ subject, scope }: AuditRecord): boolean => subject === 'user^18' && scope === 'org^Org6';
    expect(await began({ subject: 'user^18' }, sees)).toBe(dayOf(seen));
    expect(await began({ subject: 'user^absent' })).toBeUndefined();
  });

  it('begins, where the viewer sees nothing of a key, as it does where there is nothing', async () => {
    const visible = { scopes: ['absent^x'] };
    const hidden = await app.trail.histogram({ subject: 'user^18', by: 'month' }, { visible });
    const absent = await app.trail.histogram({ subject: 'user^absent', by: 'month' }, { visible });
    expect(hidden.items.length).toBeGreaterThan(0);
    expect(hidden.items).toEqual(absent.items.map((item, at) => ({ ...item, to: hidden.items[at]?.to })));
  });
});

function byTime(one: DatedRecord, other: DatedRecord): number {
  return Date.parse(one.at) - Date.parse(other.at);
}
