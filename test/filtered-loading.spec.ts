import { In, Like } from 'typeorm';
import { InvalidInputError } from 'grantlog';
import { RuleReader } from '../libs/grantlog/src/memory/rule-reader';
import { startApp, type TestApp } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';
import { factOf, letReadersRead, mayRead, reader, readerRule, rulesIn } from './support/facts';
import { until, untilSo } from './support/until';

const [math, art] = ['lib^lib:Org1:math', 'lib^lib:Org1:art'];
/** The policies, and the assignments in one scope. */
const inMath = [{ ptype: 'p' }, { ptype: 'g', v2: math }];

describe('filtered loading', () => {
  let database: TestDatabase;
  let app: TestApp;
  let other: TestApp;

  beforeEach(async () => {
    database = await createDatabase();
    app = await startApp({ url: database.url });
    other = await startApp({ url: database.url });
    await letReadersRead(app);
    await app.assignments.assign([reader('ann', math), reader('bob', art)]);
  });
  afterEach(async () => {
    await app.close();
    await other.close();
    await database.drop();
  });

  const shown = async (): Promise<string[][]> => (await app.enforcer.getGroupingPolicy()).sort();

  it("takes typeorm-adapter's filters: columns, TypeORM's operators, several of which one must hold", async () => {
    await app.enforcer.loadFilteredPolicy(inMath);
    expect(await shown()).toEqual([readerRule('ann', math)]);
    expect([await mayRead(app, 'ann', math), await mayRead(app, 'bob', art)]).toEqual([true, false]);
    expect(app.enforcer.isFiltered()).toBe(true);
    await app.enforcer.loadFilteredPolicy({ ptype: In(['g']), v2: Like('%:art') });
    expect(await shown()).toEqual([readerRule('bob', art)]);
    expect(await app.enforcer.getPolicy()).toEqual([]);
    await app.enforcer.loadFilteredPolicy({ v0: 'user^nobody' });
    expect(await shown()).toEqual([]);
  });

  it('a filter without conditions loads everything, as in typeorm-adapter', async () => {
    for (const filter of [{}, [], undefined]) {
      await app.enforcer.loadFilteredPolicy(filter);
      expect(await shown()).toEqual([readerRule('ann', math), readerRule('bob', art)]);
    }
  });

  it('an incremental one adds to what is loaded', async () => {
    await app.enforcer.loadFilteredPolicy({ ptype: 'g', v2: math });
    await app.enforcer.loadIncrementalFilteredPolicy({ ptype: 'p' });
    expect(await app.enforcer.getPolicy()).toHaveLength(1);
    await app.enforcer.loadIncrementalFilteredPolicy({ ptype: 'g', v2: art });
    expect(await shown()).toEqual([readerRule('ann', math), readerRule('bob', art)]);
    expect(app.enforcer.isFiltered()).toBe(true);
  });

  it('an incremental one on a whole policy leaves it whole', async () => {
    await app.enforcer.loadIncrementalFilteredPolicy({ ptype: 'g', v2: art });
    expect(await shown()).toHaveLength(2);
  });

  it('a filter that is no filter is refused and leaves the policy as it is', async () => {
    await app.enforcer.loadFilteredPolicy(inMath);
    for (const wrong of [{ subject: 'user^ann' }, 'user^ann', 7]) {
      await expect(app.enforcer.loadFilteredPolicy(wrong)).rejects.toThrow(InvalidInputError);
    }
    await expect(app.enforcer.loadFilteredPolicy({ id: 'no number' })).rejects.toThrow(/integer/);
    expect(await shown()).toEqual([readerRule('ann', math)]);
    await app.assignments.assign(reader('eve', math));
    expect(await mayRead(app, 'eve', math)).toBe(true);
  });

  it('pages through a part that is larger than a page, and through rules whose ids are negative', async () => {
    const many = Array.from({ length: 11_000 }, (_, n) => reader(n, n % 2 === 0 ? math : art));
    await app.assignments.assign(many);
    await app.dataSource.query(`UPDATE casbin_rule SET id = -id WHERE v0 = 'user^0'`);
    await app.enforcer.loadFilteredPolicy([{ v2: math }, { v0: Like('user^1099_') }]);
    const wanted = [
      reader('ann', math),
      ...many.filter(({ scope, subject }) => scope === math || /1099.$/.test(subject)),
    ];
    expect(new Set((await shown()).map(String))).toEqual(new Set(wanted.map((one) => String(Object.values(one)))));
    await app.enforcer.loadPolicy();
    expect(await shown()).toHaveLength(11_002);
  });

  it('loadPolicy loads everything again and ends the filter', async () => {
    await app.enforcer.loadFilteredPolicy(inMath);
    await app.enforcer.loadPolicy();
    expect(app.enforcer.isFiltered()).toBe(false);
    expect(await shown()).toHaveLength(2);
    await app.assignments.assign(reader('eve', art));
    expect(await mayRead(app, 'eve', art)).toBe(true);
  });

  it('a filtered policy is not saved: what it lacks would be removed', async () => {
    await app.enforcer.loadFilteredPolicy(inMath);
    await expect(app.enforcer.savePolicy()).rejects.toThrow('Cannot save a filtered policy');
    expect(await rulesIn(app.dataSource)).toHaveLength(3);
  });

  describe('changes under it', () => {
    beforeEach(() => app.enforcer.loadFilteredPolicy(inMath));

    it('are judged by the table: what is there is not added twice, what memory lacks can be removed', async () => {
      expect(await app.enforcer.addGroupingPolicy(...readerRule('bob', art))).toBe(false);
      expect(await app.enforcer.removeGroupingPolicy(...readerRule('bob', art))).toBe(true);
      expect(await rulesIn(app.dataSource)).toHaveLength(2);
      expect((await app.records()).map(factOf).at(-1)).toEqual([
        'role_assignment.deleted',
        'g',
        ...readerRule('bob', art),
      ]);
    });

    it('show at once if they belong to the part, and not otherwise', async () => {
      await Promise.all([app.assignments.assign(reader('eve', math)), app.assignments.assign(reader('eve', art))]);
      expect([await mayRead(app, 'eve', math), await mayRead(app, 'eve', art)]).toEqual([true, false]);
      await app.assignments.remove(reader('ann', math));
      expect(await mayRead(app, 'ann', math)).toBe(false);
      expect(await shown()).toEqual([readerRule('eve', math)]);
    });

    it('of other nodes and of transactions are followed as far as they belong to the part', async () => {
      await other.assignments.assign([reader('far', math), reader('far', art)]);
      await untilSo(() => mayRead(app, 'far', math));
      await app.dataSource.transaction((manager) => app.assignments.assign(reader('late', math), { manager }));
      await untilSo(() => mayRead(app, 'late', math));
      await other.assignments.remove([reader('far', math), reader('far', art), reader('late', math)]);
      await untilSo(async () => (await shown()).length === 1);
      expect(await shown()).toEqual([readerRule('ann', math)]);
    });
  });

  describe('several loads at once', () => {
    const bad = { id: 'no number' };

    it('have each its own outcome; what failed leaves what was loaded, which goes on following', async () => {
      const load = (filter: object): Promise<boolean> => app.enforcer.loadFilteredPolicy(filter);
      const fates = async (...loads: Promise<unknown>[]): Promise<string[]> =>
        (await Promise.allSettled(loads)).map(({ status }) => status);
      expect(await fates(load(bad), load(bad))).toEqual(['rejected', 'rejected']);
      expect([app.enforcer.isFiltered(), (await shown()).length]).toEqual([false, 2]);
      await app.assignments.assign(reader('eve', art));
      expect(await mayRead(app, 'eve', art)).toBe(true);
      expect(await fates(load({ ptype: 'g', v2: math }), load(bad))).toEqual(['fulfilled', 'rejected']);
      expect([app.enforcer.isFiltered(), await shown()]).toEqual([true, [readerRule('ann', math)]]);
      await app.assignments.remove(reader('ann', math));
      expect(await shown()).toEqual([]);
      expect(await fates(load(bad), app.enforcer.loadPolicy())).toEqual(['rejected', 'fulfilled']);
      expect([app.enforcer.isFiltered(), (await shown()).length]).toEqual([false, 2]);
      expect(await app.enforcer.savePolicy()).toBe(true);
    });

    it('that add to each other add up', async () => {
      await app.enforcer.loadFilteredPolicy({ ptype: 'p' });
      await Promise.all([
        app.enforcer.loadIncrementalFilteredPolicy({ ptype: 'g', v2: math }),
        app.enforcer.loadIncrementalFilteredPolicy({ ptype: 'g', v2: art }),
      ]);
      expect([await app.enforcer.getPolicy(), await shown()].map(({ length }) => length)).toEqual([1, 2]);
      await Promise.all([
        app.enforcer.loadFilteredPolicy({ ptype: 'p' }),
        app.enforcer.loadIncrementalFilteredPolicy({ ptype: 'g', v2: math }),
      ]);
      expect(await shown()).toEqual([readerRule('ann', math)]);
    });

    it('a removal while the whole policy is loaded after a part is shown at once, and never taken back', async () => {
      await app.enforcer.loadFilteredPolicy(inMath);
      const { load } = RuleReader.prototype;
      const read = jest.spyOn(RuleReader.prototype, 'load');
      let arrive = (): void => undefined;
      const held = new Promise<void>((resolve) => (arrive = resolve));
      read.mockImplementationOnce(async function (this: RuleReader, ...given) {
        const position = await load.apply(this, given); // which has read Ann's row
        await held;
        return position;
      });
      const stale = app.enforcer.loadFilteredPolicy(inMath);
      await until(
        () => read.mock.calls.length,
        (calls) => calls > 0,
      );
      const whole = app.enforcer.loadPolicy();
      const removed = app.assignments.remove(reader('ann', math));
      await untilSo(async () => (await rulesIn(app.dataSource)).length === 2);
      arrive();
      await Promise.all([stale, removed]);
      expect(await mayRead(app, 'ann', math)).toBe(false);
      await whole;
      expect(await mayRead(app, 'ann', math)).toBe(false);
      read.mockRestore();
    });
  });
});
