import fc from 'fast-check';
import type { AssignmentChange, AuditRecord, DifferenceQuery, VisibleScopes } from 'grantlog';
import { isVisible } from '../libs/grantlog/src/contract/visible-scopes';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { foldOf, heldAt } from './support/log-fold';
import { anyStep, bare, type Key, keyFilters, matchesKeys } from './support/rule-steps';

const namespaceOf = (key: string): string => key.split('^')[0] ?? key;
const nameOf = (key: Key): string => JSON.stringify(bare(key));
const everybody: VisibleScopes[] = ['all', { namespaces: ['lib'] }, { scopes: ['*'], except: ['lib^one'] }, {}];

async function all(app: TestApp, query: DifferenceQuery, visible?: VisibleScopes): Promise<AssignmentChange[]> {
  const changes: AssignmentChange[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await app.assignments.difference({ ...query, limit: 2, cursor }, { visible });
    changes.push(...page.items);
    if (page.nextCursor === null) return changes;
    expect(page.items).toHaveLength(2);
    cursor = page.nextCursor;
  }
}

/** What differs between two states, each with the last record of the log about it, newest first. */
function differing(before: Key[], after: Key[], between: readonly AuditRecord[]): unknown[] {
  const [then, now] = [new Set(before.map(nameOf)), new Set(after.map(nameOf))];
  const told = (keys: Key[], others: Set<string>, change: string) =>
    keys
      .filter((key) => !others.has(nameOf(key)))
      .map((key) => ({ change, ...bare(key), seq: lastAbout(key, between) }));
  const changes = [...told(after, then, 'created'), ...told(before, now, 'deleted')];
  return changes.sort((one, other) => Number(other.seq) - Number(one.seq));
}

function lastAbout(key: Key, log: readonly AuditRecord[]): string | undefined {
  const about = log.filter(
    ({ type, outcome, subject, role, scope }) =>
      type.startsWith('role_assignment.') &&
      outcome === 'success' &&
      nameOf({ subject, role, scope } as Key) === nameOf(key),
  );
  return about.at(-1)?.seq;
}

/** Between any two moments, for every filter and some viewers. */
async function expectDifferences(app: TestApp, log: readonly AuditRecord[]): Promise<void> {
  const fold = foldOf(log);
  const moments = [...new Map(log.map(({ recordedAt, seq }) => [recordedAt, seq]))];
  const pairs = moments.flatMap((one, at) => moments.slice(at).map((other) => [one, other] as const));
  for (const [at, [[from, fromSeq], [to, toSeq]]] of pairs.entries()) {
    const between = log.filter(({ seq }) => BigInt(seq) > BigInt(fromSeq) && BigInt(seq) <= BigInt(toSeq));
    const visible = everybody[at % everybody.length] ?? 'all';
    const filter = keyFilters[at % keyFilters.length] ?? {};
    const held = (seq: string): Key[] =>
      heldAt(fold, seq).filter((one) => matchesKeys(one, filter) && isVisible(visible, one.scope, namespaceOf));
    const found = await all(app, { ...filter, from, to }, visible);
    const told = found.map(({ change, record, ...key }) => ({ change, ...key, seq: record.seq }));
    expect({ from, to, filter, told }).toEqual({
      from,
      to,
      filter,
      told: differing(held(fromSeq), held(toSeq), between),
    });
    if (at % 25 !== 0) continue;
    const [before, after] = [await app.assignments.find({ asOf: from }), await app.assignments.find({ asOf: to })];
    expect([before.map(bare), after.map(bare)]).toEqual([heldAt(fold, fromSeq), heldAt(fold, toSeq)]);
  }
}

describe('the difference between two moments', () => {
  it('is what two answers for these moments differ in, whatever has happened', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyStep, { minLength: 5, maxLength: 25 }),
        fc.constantFrom(1, 7, 500),
        async (steps, recordingBatch) => {
          const cluster = await Cluster.create();
          try {
            const grantlog = { recordingBatch, attempts: true, listeners: false } as const;
            const app = await cluster.start({ grantlog });
            await app.assignments.assign({ subject: 'user^first', role: 'role^first', scope: '*' });
            await app.records();
            for (const step of steps) await step(app);
            await expectDifferences(app, await app.records());
          } finally {
            await cluster.end();
          }
        },
      ),
      { numRuns: 8 },
    );
  }, 240_000);

  describe('of a log', () => {
    let cluster: Cluster;
    let app: TestApp;
    let began: string;
    const at = (name: number | string, scope = 'lib^a'): Key => ({
      subject: `user^${name}`,
      role: 'role^reader',
      scope,
    });
    const now = async (): Promise<string> => (await app.records()).at(-1)?.recordedAt ?? '';
    beforeEach(async () => {
      cluster = await Cluster.create();
      app = await cluster.start({ grantlog: { listeners: false } });
      await app.assignments.assign(at('first'));
      began = await now();
    });
    afterEach(() => cluster.end());

    const changes = async (query: DifferenceQuery): Promise<unknown[]> =>
      (await all(app, query)).map(({ change, subject, scope }) => [change, subject, scope]);

    it('names what was given and taken, newest first, by which record; what was undone between is none', async () => {
      await app.assignments.assign([at(1), at(2)], { reason: 'because' });
      await app.assignments.remove(at(1));
      await app.assignments.remove(at('first'));
      await app.assignments.assign(at('first'));
      const middle = await now();
      await app.assignments.remove(at('first'), { reason: 'left' });
      await app.assignments.assign(at(3, 'org^b'));
      await now();
      expect(await changes({ from: began, to: middle })).toEqual([['created', 'user^2', 'lib^a']]);
      expect(await changes({ from: began })).toEqual([
        ['created', 'user^3', 'org^b'],
        ['deleted', 'user^first', 'lib^a'],
        ['created', 'user^2', 'lib^a'],
      ]);
      expect(await changes({ from: began, scopeNamespace: 'org' })).toEqual([['created', 'user^3', 'org^b']]);
      expect(await changes({ from: middle, to: middle })).toEqual([]);
      const [, deleted] = await all(app, { from: began });
      expect(deleted?.record).toMatchObject({ operation: 'deleted', reason: 'left', subject: 'user^first' });
    });

    it('has the same later moment on every page, although changes go on', async () => {
      await app.assignments.assign([at(1), at(2), at(3)]);
      await now();
      const first = await app.assignments.difference({ from: began, limit: 2 });
      await app.assignments.remove(at(1));
      await app.assignments.assign(at(4));
      await now();
      const second = await app.assignments.difference({ from: began, limit: 2, cursor: first.nextCursor ?? '' });
      expect([...first.items, ...second.items].map(({ subject }) => subject)).toEqual(['user^3', 'user^2', 'user^1']);
      expect([second.to, second.nextCursor]).toEqual([first.to, null]);
    });

    it('looks at so many records for a page and no more, and goes on with the next one', async () => {
      const crowd = Array.from({ length: 12_000 }, (_, one) => at(one));
      await app.assignments.assign(at('last'));
      await app.assignments.assign(crowd);
      await app.assignments.remove(crowd);
      const first = await app.assignments.difference({ from: began, to: await now() });
      expect([first.items, first.nextCursor]).toEqual([[], expect.any(String)]);
      const query = { from: began, to: first.to, cursor: first.nextCursor ?? '' };
      const second = await app.assignments.difference(query);
      expect([second.items.map(({ subject }) => subject), second.nextCursor]).toEqual([['user^last'], null]);
    });

    it.each<[Partial<DifferenceQuery>, string, string]>([
      [{ from: '2000-01-01' }, 'from', 'before the log began'],
      [{ from: 'yesterday' }, 'from', 'must be a moment'],
      [{ from: undefined }, 'from', 'must be a moment'],
      [{ from: '2999-01-01' }, 'from', 'lies in the future'],
      [{ to: '2999-01-01' }, 'to', 'lies in the future'],
      [{ to: '2000-01-01' }, 'from', 'must not be after to'],
      [{ to: 'today' }, 'to', 'must be a moment'],
      [{ subject: 'nobody' }, 'subject', 'must have a namespace'],
      [{ limit: 0 }, 'limit', 'must be a whole number'],
      [{ cursor: 'x' }, 'cursor', 'must be the nextCursor'],
      [{ asOf: '2026-01-01' } as never, 'asOf', 'is not known here'],
    ])('refuses %j, and names %s', async (given, field, problem) => {
      const error: unknown = await app.assignments
        .difference({ from: began, ...given })
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'INVALID_INPUT', field, message: expect.stringContaining(problem) });
    });

    it('refuses a cursor of another query', async () => {
      await app.assignments.assign([at(1), at(2)]);
      await now();
      const { nextCursor } = await app.assignments.difference({ from: began, limit: 1 });
      const other = { from: began, limit: 1, cursor: nextCursor ?? '', subject: 'user^1' };
      await expect(app.assignments.difference(other)).rejects.toMatchObject({ field: 'cursor' });
    });
  });
});
