import type { AssignmentPage, AssignmentQuery } from 'grantlog';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { live, momentOf } from './support/lives';
import { heldAt, foldOf, wrongBlocks } from './support/log-fold';
import { type Done, Plans } from './support/plan';

const many = 12_000;
const search = /FROM audit_interval/;

/** Twelve thousand assignments, and when each was granted and taken away. */
const logs = {
  'all of them revoked at the end': `SELECT n, n AS "from", ${many} + n AS "to" FROM generate_series(1, ${many}) AS n`,
  'all of them revoked, the newest first': `SELECT n, n AS "from", 3 * ${many} - n AS "to" FROM generate_series(1, ${many}) AS n`,
  'all of the same length': `SELECT n, n AS "from", n + ${many / 3} AS "to" FROM generate_series(1, ${many}) AS n`,
  'long-lived among short-lived': `
    SELECT n, n AS "from", CASE WHEN n % 400 > 0 THEN n + 1.5 END AS "to" FROM generate_series(1, ${many}) AS n`,
  'one of each thousand left': `
    SELECT n, n AS "from", CASE WHEN n % 1000 > 0 THEN ${many} + n % 7 * ${many} + n END AS "to" FROM generate_series(1, ${many}) AS n`,
};

const filters: [AssignmentQuery, RegExp][] = [
  [{}, /^audit_interval_ptype$/],
  [{ role: 'role^3' }, /^audit_interval_role$/],
  [{ role: 'role^rare' }, /^audit_interval_role$/],
  [{ scopeNamespace: 'lib1' }, /^audit_interval_scope_namespace$/],
  [{ subject: 'user^7' }, /^audit_interval_subject$/],
  [{ scope: 'lib1^8001' }, /^audit_interval_scope$/],
  [{ subject: 'user^7', role: 'role^rare', scope: 'lib3^7' }, /^audit_interval_(subject|scope)$/],
];

describe.each(Object.entries(logs))('a log of assignments, %s: a page of the past', (_, lives) => {
  let cluster: Cluster;
  let app: TestApp;
  let last: number;
  const plans = new Plans();
  beforeAll(async () => {
    cluster = await Cluster.create();
    app = await cluster.start({ dataSource: { logger: plans }, grantlog: { listeners: false } });
    last = await live(app.dataSource, lives);
  }, 120_000);
  afterAll(() => cluster.end());

  async function pages(query: AssignmentQuery): Promise<AssignmentPage[]> {
    const all: AssignmentPage[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await app.assignments.findPage({ ...query, limit: 200, cursor });
      all.push(page);
      if (page.nextCursor === null) return all;
      cursor = page.nextCursor;
    }
  }

  it('holds what the fold of the log holds, first page to last', async () => {
    const fold = foldOf(await app.records());
    expect(await wrongBlocks(app.dataSource)).toEqual([]);
    for (const seq of [1, 1_024, Math.floor(last / 3), Math.floor(last / 2), last - 1, last]) {
      const held = (await pages({ asOf: momentOf(seq) })).flatMap(({ items }) => items);
      const bare = held.map(({ subject, role, scope }) => ({ subject, role, scope }));
      expect({ seq, bare }).toEqual({ seq, bare: heldAt(fold, String(seq)) });
    }
  });

  it.each(filters)(
    '%j is found by ranges of its index alone, first page and last, as of any time',
    async (filter, index) => {
      const moments = [1_000, last / 4, last / 2, last / 2 + 1, (last * 3) / 4, last - 5, last].map(Math.floor);
      for (const asOf of moments.map(momentOf)) {
        const query = { ...filter, asOf, limit: 100 };
        const cursors = (await pages(query)).map(({ nextCursor }) => nextCursor);
        const ends = [undefined, cursors.at(-2) ?? undefined];
        for (const cursor of ends) {
          const done = await plans.doneBy(app.dataSource, search, () => app.assignments.findPage({ ...query, cursor }));
          expectCheap(done, index);
        }
      }
    },
  );

  /** Of 12,000 assignments a few hundred are looked at. */
  function expectCheap({ pages: read, rows, scanned, indexes }: Done, index: RegExp): void {
    expect(scanned.filter((table) => table !== 'audit_interval_block')).toEqual([]);
    expect(indexes).toEqual(expect.arrayContaining([expect.stringMatching(index)]));
    expect(
      indexes.filter((name) => /^audit_interval_(ptype|subject|role|scope|scope_namespace)$/.test(name)),
    ).toHaveLength(1);
    expect(rows).toBeLessThan(1_500);
    expect(read).toBeLessThan(2_500);
  }

  it('what has ended is passed over a block at a time', async () => {
    const living = await pages({ asOf: momentOf(last) });
    if (living[0]?.items.length !== 0) return; // in the others something goes on
    for (const filter of [{}, { scopeNamespace: 'lib1' }]) {
      const page = (): Promise<unknown> => app.assignments.findPage({ ...filter, asOf: momentOf(last) });
      const done = await plans.doneBy(app.dataSource, search, page);
      expect(done.rows).toBeLessThan(400); // blocks
      expect(done.pages).toBeLessThan(25);
    }
  });

  it('for somebody who may see three hundred scopes, each is looked up once', async () => {
    const scopes = Array.from({ length: 300 }, (_, at) => at * 40 + 1).map((n) => `lib${n % 4}^${n}`);
    for (const filter of [{}, { role: 'role^3' }]) {
      const page = (): Promise<unknown> =>
        app.assignments.findPage({ ...filter, asOf: momentOf(last / 2), limit: 100 }, { visible: { scopes } });
      const done = await plans.doneBy(app.dataSource, search, page);
      expect(done.scanned.filter((table) => table !== 'audit_interval_block')).toEqual([]);
      expect(done.pages).toBeLessThan(4_000);
    }
  });

  it('a deep page of history is a range of one index', async () => {
    const query = { role: 'role^3', limit: 100 };
    for (const cursor of [undefined, await deepCursor()]) {
      const done = await plans.doneBy(app.dataSource, search, () => app.assignments.history({ ...query, cursor }));
      expect(done.scanned).toEqual([]);
      expect(done.indexes).toEqual(['audit_interval_pkey', 'audit_interval_role']);
      expect(done.rows).toBeLessThan(250);
    }
  });

  async function deepCursor(): Promise<string | undefined> {
    let cursor: string | undefined;
    for (let page = 0; page < 15; page += 1) {
      cursor = (await app.assignments.history({ role: 'role^3', limit: 100, cursor })).nextCursor ?? undefined;
    }
    return cursor;
  }
});
