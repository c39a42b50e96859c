import fc from 'fast-check';
import type { AuditFilter, AuditRecord, VisiblePart, VisibleScopes } from 'grantlog';
import { collect, type TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { commitEvents } from './support/outbox-rows';

const times = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const pick = <T>(values: readonly T[], at: number): T => values[at % values.length] as T;

const scopes = [
  '*',
  'lib^a',
  'lib^ab',
  'lib^a*',
  'lib^a%',
  'lib^A',
  'libx^a',
  'lib',
  'course^c',
  'course^c_1',
  'x^"q',
  'x^é',
  null,
];
const globs = ['lib^*', 'lib^a*', 'lib^ab*', 'l*', 'course^c_*', 'x^"*', 'none^*', 'lib^a*b'];
const namespaces = ['lib', 'libx', 'course', 'x', '*', 'none'];

/** What is visible, in words of JavaScript, which know nothing of ours. */
function sees(visible: VisibleScopes, scope: string | null): boolean {
  if (visible === 'all') return true;
  const matches = (one: string): boolean =>
    scope !== null && (one.includes('*') ? scope.startsWith(one.split('*')[0] ?? '') : one === scope);
  if (visible.except?.some((one) => one.startsWith('*') || matches(one))) return false;
  if (scope === null) return !visible.except?.length && (visible.scopes?.some((one) => one.startsWith('*')) ?? false);
  return (visible.scopes?.some(matches) ?? false) || (visible.namespaces?.includes(scope.split('^')[0] ?? '') ?? false);
}

const someOf = (values: readonly string[], most: number): fc.Arbitrary<string[]> =>
  fc.shuffledSubarray([...values], { maxLength: most });
const named = scopes.filter((scope) => scope !== null).filter((scope) => !scope.includes('*'));
const part: fc.Arbitrary<VisiblePart> = fc.record(
  {
    scopes: someOf([...named, ...globs, 'absent^x'], 4),
    namespaces: someOf(namespaces, 2),
    except: someOf([...named, ...globs, '*'], 2),
  },
  { requiredKeys: [] },
);
const everywhere = part.map(({ except }): VisiblePart => ({ scopes: ['*'], ...(except && { except }) }));
const visibles: fc.Arbitrary<VisibleScopes> = fc.oneof(
  { arbitrary: part, weight: 8 },
  { arbitrary: everywhere, weight: 1 },
  { arbitrary: fc.constant<VisibleScopes>('all'), weight: 1 },
);

describe('a viewer of some scopes', () => {
  let cluster: Cluster;
  let app: TestApp;
  let log: AuditRecord[];
  beforeAll(async () => {
    cluster = await Cluster.create();
    app = await cluster.start({ grantlog: { listeners: false, bareKeys: true } });
    const subjects = ['user^1', 'user^12', 'user^2', 'group^1'];
    await commitEvents(
      app.dataSource,
      times(240).map((at) => ({
        type: pick(['role_assignment.created', 'role_assignment.deleted', 'policy.created'], at),
        subject: pick(subjects, Math.floor(at / 3)),
        role: pick(['role^a', 'role^b'], Math.floor(at / 5)),
        scope: pick(scopes, at * 5 + Math.floor(at / 13)),
      })),
    );
    log = await app.records();
    await app.enforcer.addGroupingPolicies(
      subjects.flatMap((subject) => scopes.flatMap((scope) => (scope === null ? [] : [[subject, 'role^a', scope]]))),
    );
  });
  afterAll(() => cluster.end());

  const filters: fc.Arbitrary<AuditFilter> = fc.record(
    {
      subject: fc.constantFrom('user^1', 'user^2'),
      role: fc.constantFrom('role^a'),
      scope: fc.constantFrom('lib^a', 'lib^a*', 'course^c'),
      scopeNamespace: fc.constantFrom('lib', 'libx', '*', 'x'),
      subjectPrefix: fc.constantFrom('user^', 'user^1', 'none'),
      scopePrefix: fc.constantFrom('lib', 'lib^a', 'lib^', 'c', '*', 'none'),
      operation: fc.constantFrom('created' as const, 'deleted' as const),
    },
    { requiredKeys: [] },
  );
  const rarely = fc
    .tuple(
      filters,
      fc.shuffledSubarray(['subject', 'role', 'scope', 'scopeNamespace', 'subjectPrefix', 'scopePrefix', 'operation'], {
        maxLength: 2,
      }),
    )
    .map(([filter, kept]): AuditFilter =>
      Object.fromEntries(Object.entries(filter).filter(([field]) => kept.includes(field))),
    );

  it('is shown those records of every query that lie there, page by page and as a stream', async () => {
    await fc.assert(
      fc.asyncProperty(visibles, rarely, fc.integer({ min: 3, max: 40 }), async (visible, filter, limit) => {
        const all = (await collect(app.trail.stream({ ...filter, to: undefined }))).filter(
          ({ seq }) => BigInt(seq) <= log.length,
        );
        const expected = all.filter(({ scope }) => sees(visible, scope)).map(({ seq }) => seq);
        const last = log.at(-1)?.seq ?? '';
        const streamed = await app.trail.after('0', last, filter, 1_000, { visible });
        expect(streamed.map(({ seq }) => seq)).toEqual(expected);
        const paged: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await app.trail.find({ ...filter, limit, cursor }, { visible });
          paged.push(...page.items.map(({ seq }) => seq));
          cursor = page.nextCursor ?? undefined;
        } while (cursor !== undefined);
        expect(paged.filter((seq) => BigInt(seq) <= log.length)).toEqual([...expected].reverse());
      }),
      { numRuns: 250 },
    );
  });

  it('is shown one record if it lies there', async () => {
    await fc.assert(
      fc.asyncProperty(visibles, fc.nat(log.length - 1), async (visible, at) => {
        const record = log[at];
        const found = await app.trail.get(record?.id ?? '', { visible });
        expect(found).toEqual(sees(visible, record?.scope ?? null) ? record : undefined);
      }),
      { numRuns: 150 },
    );
  });

  it('is shown those assignments that lie there', async () => {
    await fc.assert(
      fc.asyncProperty(
        visibles,
        fc.record({ subject: fc.constantFrom('user^1', 'user^2') }, { requiredKeys: [] }),
        async (visible, filter) => {
          const expected = (await app.assignments.find(filter)).filter(({ scope }) => sees(visible, scope));
          expect(await app.assignments.find(filter, { visible })).toEqual(expected);
          const paged: unknown[] = [];
          let cursor: string | undefined;
          do {
            const page = await app.assignments.findPage({ ...filter, limit: 7, cursor }, { visible });
            paged.push(...page.items);
            cursor = page.nextCursor ?? undefined;
          } while (cursor !== undefined);
          expect(paged).toEqual(expected);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('sees on the next page what may be seen then, with the cursor of the page before', async () => {
    const first = await app.trail.find({ limit: 5 }, { visible: { namespaces: ['lib', 'course'] } });
    const cursor = first.nextCursor ?? '';
    const next = await app.trail.find({ limit: 200, cursor }, { visible: { namespaces: ['course', 'x'] } });
    const before = BigInt(first.items.at(-1)?.seq ?? 0);
    const expected = log.filter(
      ({ seq, scope }) => BigInt(seq) < before && sees({ namespaces: ['course', 'x'] }, scope),
    );
    const seqs = next.items.map(({ seq }) => seq).filter((seq) => BigInt(seq) <= log.length);
    expect(seqs).toEqual(expected.map(({ seq }) => seq).reverse());
    await expect(
      app.trail.find({ limit: 5, subject: 'user^1', cursor }, { visible: { namespaces: ['lib'] } }),
    ).rejects.toThrow(/cursor/);
  });

  it.each([
    [null],
    ['everything'],
    ['*'],
    [[]],
    [['lib^a']],
    [{ scope: ['lib^a'] }],
    [{ scopes: 'lib^a' }],
    [{ scopes: ['lib^a'], except: 'lib^a' }],
    [{ scopes: [''] }],
    [{ scopes: ['lib^\0'] }],
    [{ scopes: ['lib^\uD800*'] }],
    [{ namespaces: ['\uDC00'] }],
    [{ scopes: ['*'], except: ['lib^\0'] }],
    [{ scopes: ['lib^a', null] }],
    [{ namespaces: { 0: 'lib' } }],
    [() => 'all'],
  ])('is refused what makes no sense, which shows nothing: %p', async (visible) => {
    const options = { visible: visible as unknown as VisibleScopes };
    for (const read of [
      () => app.trail.find({}, options),
      () => app.trail.get(log[0]?.id ?? '', options),
      () => collect(app.trail.stream({}, options)),
      () => app.assignments.find({}, options),
      () => app.assignments.findPage({}, options),
      () => app.followers.parked({}, options),
    ]) {
      await expect(read()).rejects.toMatchObject({ code: 'INVALID_INPUT', field: expect.stringMatching(/^visible/) });
    }
  });
});
