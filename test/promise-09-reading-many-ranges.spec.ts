import type { AuditFilter, AuditRecord, VisibleScopes } from 'grantlog';
import type { Logger, ObjectLiteral } from 'typeorm';
import { isVisible } from '../libs/grantlog/src/contract/visible-scopes';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { commitEvents } from './support/outbox-rows';

const times = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const namespaceOf = (key: string): string => key.split('^')[0] ?? key;

/** What PostgreSQL says about one node of a plan, as far as it matters here. */
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly PlanNode[];
}

const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

/** Rows of the log that a plan has looked at, and how. */
function lookedAt(plan: PlanNode): { rows: number; ways: string[] } {
  const scans = nodesOf(plan).filter((node) => node['Relation Name'] === 'audit_record');
  const rowsOf = (node: PlanNode): number =>
    (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)) *
    node['Actual Loops'];
  return {
    rows: scans.reduce((sum, node) => sum + rowsOf(node), 0),
    ways: scans.map((node) => `${node['Node Type']} ${node['Index Name'] ?? ''}`),
  };
}

const limit = 50;

/**
 * 46,000 records. The first 16,000 are of two organisations that are gone, one with 500 scopes; then come two that share everything, with a few
 * rare scopes in between.
 */
describe('reading what lies in many ranges of a log of 46,000 records', () => {
  let cluster: Cluster;
  let app: TestApp;
  let log: AuditRecord[];
  const asked: { sql: string; parameters?: unknown[] | ObjectLiteral }[] = [];
  const ignored = (): void => undefined;
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
    const type = (at: number): string => `role_assignment.${at % 3 === 0 ? 'deleted' : 'created'}`;
    const gone = times(10_000).map((at) => ({
      type: type(at),
      subject: `gone^${at % 300}`,
      scope: `old^old:${at % 500}`,
    }));
    // Between the bounds of what comes last but one PostgreSQL expects as much as behind it: next to nothing, whatever its statistics say.
    const last = { subject: 'zoo^zoe', role: 'zoo^keeper', scope: 'zoo^zoo', actor: 'zoo^zoe' };
    const behind = { subject: 'zz^z', role: 'zz^z', scope: 'zz^z', actor: 'zz^z' };
    await commitEvents(
      app.dataSource,
      times(6_000).map((at) => ({ type: type(at), ...(at % 1_000 === 999 ? behind : last) })),
    );
    const rare = new Map([1, 9_000, 17_000, 24_000].map((at, n) => [at, `rare^${n}`]));
    const present = times(30_000).map((at) => ({
      type: type(at),
      subject: `user^${(at * 7_919) % 3_000}`,
      scope: rare.get(at) ?? (at % 50 === 0 ? null : `lib^lib:Org${at % 2}:${(at * 31) % 2_000}`),
    }));
    await commitEvents(app.dataSource, gone);
    await commitEvents(app.dataSource, present);
    await app.relay.drained();
    await app.dataSource.query('VACUUM ANALYZE audit_record');
    log = (await app.records()).reverse();
  });
  afterAll(() => cluster.end());

  const expected = (filter: AuditFilter, visible: VisibleScopes): string[] =>
    log
      .filter(
        (record) =>
          isVisible(visible, record.scope, namespaceOf) &&
          record.subject.startsWith(filter.subjectPrefix ?? '') &&
          (filter.scopePrefix === undefined || record.scope?.startsWith(filter.scopePrefix)) &&
          (filter.scopeNamespace ?? namespaceOf(record.scope ?? '')) === namespaceOf(record.scope ?? '') &&
          (['subject', 'role', 'scope', 'actor', 'operation', 'type', 'outcome'] as const).every(
            (field) => (filter[field] ?? record[field]) === record[field],
          ),
      )
      .map(({ seq }) => seq);

  /** What the statements of a call have looked at, all together. */
  async function cost(call: () => Promise<unknown>): Promise<{ rows: number; ways: string[] }> {
    asked.length = 0;
    await call();
    const statements = asked.filter(({ sql }) => sql.includes('FROM audit_record'));
    const all = { rows: 0, ways: [] as string[] };
    for (const { sql, parameters } of statements) {
      const [answer]: { 'QUERY PLAN': { Plan: PlanNode }[] }[] = await app.dataSource.query(
        `EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`,
        parameters,
      );
      const plan = answer?.['QUERY PLAN'][0]?.Plan;
      if (!plan) throw new Error('There is no plan.');
      const { rows, ways } = lookedAt(plan);
      all.rows += rows;
      all.ways.push(...ways);
    }
    return all;
  }

  const some = (count: number): string[] => times(count).map((at) => `old^old:${at}`);
  const cases: [string, AuditFilter, VisibleScopes][] = [
    ['one rare scope', {}, { scopes: ['rare^0'] }],
    ['rare scopes and one that is not there', {}, { scopes: ['rare^0', 'rare^2', 'absent^x'] }],
    ['nothing', {}, {}],
    ['a type that is not there', { type: 'grouping.created' }, 'all'],
    ['a type that half of the records have', { type: 'role_assignment.deleted' }, 'all'],
    ['an operation that is not there', { operation: 'exported' }, 'all'],
    ['an outcome that is not there', { outcome: 'failed' }, 'all'],
    ['a type and an operation that exclude each other', { type: 'policy.created', operation: 'deleted' }, 'all'],
    ['an outcome that is not there, in some scopes', { outcome: 'denied' }, { namespaces: ['lib'] }],
    ['a namespace that comes last but one', { scopeNamespace: 'zoo' }, 'all'],
    ['a subject that comes last but one', { subject: 'zoo^zoe' }, 'all'],
    ['a role that comes last but one', { role: 'zoo^keeper' }, 'all'],
    ['an actor that comes last but one', { actor: 'zoo^zoe' }, 'all'],
    ['a scope that comes last but one', { scope: 'zoo^zoo' }, { namespaces: ['zoo'] }],
    ['a scope that is not there', {}, { scopes: ['absent^x'] }],
    ['scopes of those who are gone', {}, { scopes: some(400) }],
    ['a namespace of those who are gone', {}, { namespaces: ['old'] }],
    ['a rare namespace beside scopes in it', {}, { namespaces: ['rare'], scopes: ['rare^1', 'old^old:7'] }],
    ['a rare glob', {}, { scopes: ['rare^*'] }],
    ['globs in each other', {}, { scopes: ['old^old:1*', 'old^old:11*', 'old^old:2', 'old^old:12'] }],
    ['a glob of those who are gone', {}, { scopes: ['old^*'] }],
    ['a glob that matches nothing', {}, { scopes: ['absent^*', 'zzz^*'] }],
    ['a namespace without most of it', {}, { namespaces: ['lib', 'rare'], except: ['lib^*'] }],
    ['a glob without most of it', {}, { scopes: ['old^*'], except: ['old^old:1*', 'old^old:3*', 'old^old:40'] }],
    ['a frequent glob', {}, { scopes: ['lib^lib:Org1:*'] }],
    ['everything but a little', {}, { scopes: ['*'], except: ['lib^lib:Org1:1*'] }],
    ['a rare prefix of scopes', { scopePrefix: 'rare^' }, 'all'],
    ['a prefix of scopes that are gone', { scopePrefix: 'old^old:4' }, 'all'],
    ['a prefix of scopes that is not there', { scopePrefix: 'lib^nobody' }, 'all'],
    ['a prefix of subjects that are gone', { subjectPrefix: 'gone^' }, 'all'],
    ['a prefix of subjects that is not there', { subjectPrefix: 'nobody' }, 'all'],
    ['a frequent prefix', { subjectPrefix: 'user^1' }, 'all'],
    [
      'a prefix within globs',
      { scopePrefix: 'old^old:2' },
      { scopes: ['old^old:21*', 'old^*', 'lib^*'], except: ['old^old:25*'] },
    ],
    ['a prefix within a namespace', { scopePrefix: 'rare' }, { namespaces: ['rare', 'lib'] }],
    ['a prefix outside', { scopePrefix: 'lib^' }, { scopes: ['rare^*', 'old^old:1'], namespaces: ['old'] }],
    ['a prefix of subjects within rare scopes', { subjectPrefix: 'user^' }, { scopes: ['rare^*'] }],
    [
      'a namespace that comes last but one, of which nothing is visible',
      { scopeNamespace: 'zoo' },
      { scopes: ['zoo^b*', 'lib^*'] },
    ],
    ['a namespace, of which little is visible', { scopeNamespace: 'old' }, { scopes: ['old^old:17', 'lib^*'] }],
    ['a namespace, of which nothing is visible', { scopeNamespace: 'lib' }, { scopes: ['rare^*', 'libx^*'] }],
    ['one operation in scopes of those who are gone', { operation: 'deleted' }, { scopes: some(20) }],
  ];

  it.each(cases)('finds %s, page after page, by a bounded look at ranges of indexes', async (_, filter, visible) => {
    const wanted = expected(filter, visible);
    const found: AuditRecord[] = [];
    let cursor: string | undefined;
    do {
      const query = { ...filter, limit, cursor };
      const { rows, ways } = await cost(() => app.trail.find(query, { visible }));
      expect(ways.filter((way) => !/^Index (Only )?Scan audit_record_/.test(way))).toEqual([]);
      // A look at twenty times a page, a leap for each key, and its first record, and pages of the foremost keys.
      expect(rows).toBeLessThan(20 * (limit + 1) + 2 * 1_000 + (limit + 1) ** 2 + 3 * limit);
      const page = await app.trail.find(query, { visible });
      found.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined && found.length < 6 * limit);
    expect(found.map(({ seq }) => seq)).toEqual(wanted.slice(0, found.length));
    if (found.length < 6 * limit) expect(found).toHaveLength(wanted.length);
  });

  it.each(cases)('finds %s in the middle and oldest first, likewise', async (_, filter, visible) => {
    const wanted = expected(filter, visible).reverse();
    const middle = wanted[Math.floor(wanted.length / 2)] ?? '20000';
    const read = (): Promise<AuditRecord[]> => app.trail.after(middle, '45990', filter, limit, { visible });
    const { rows, ways } = await cost(read);
    expect(ways.filter((way) => !/^Index (Only )?Scan audit_record_/.test(way))).toEqual([]);
    expect(rows).toBeLessThan(20 * limit + 2 * 1_000 + (limit + 1) ** 2 + 3 * limit);
    const behind = wanted.filter((seq) => BigInt(seq) > BigInt(middle) && BigInt(seq) <= 45_990n);
    expect((await read()).map(({ seq }) => seq)).toEqual(behind.slice(0, limit));
  });

  it('finds the whole of a namespace from afar, also as a glob or a prefix', async () => {
    for (const [filter, visible] of [
      [{}, { scopes: ['lib^*'] }],
      [{ scopePrefix: 'lib^' }, 'all'],
      [{ scopePrefix: 'lib^' }, { scopes: ['l*'] }],
    ] satisfies [AuditFilter, VisibleScopes][]) {
      const read = (): Promise<AuditRecord[]> => app.trail.after('0', '45990', filter, limit, { visible });
      expect((await cost(read)).rows).toBeLessThan(20 * limit + 4 * limit);
      const wanted = expected(filter, visible).reverse().slice(0, limit);
      expect((await read()).map(({ seq }) => seq)).toEqual(wanted);
    }
  });

  it('walks where more than 1,000 keys are too frequent to be far', async () => {
    const visible = { scopes: ['lib^lib:Org1:*', 'lib^lib:Org0:1*'], except: ['lib^lib:Org1:9*'] };
    const { rows } = await cost(() => app.trail.find({ limit, subjectPrefix: 'user^299' }, { visible }));
    expect(rows).toBeLessThan(10_000);
    const page = await app.trail.find({ limit, subjectPrefix: 'user^299' }, { visible });
    const wanted = expected({ subjectPrefix: 'user^299' }, visible);
    expect(page.items.map(({ seq }) => seq)).toEqual(wanted.slice(0, limit));
  });
});
