import { Logger } from '@nestjs/common';
import { CachedEnforcer, type Model, type RoleManager } from 'casbin';
import { InvalidInputError } from 'grantlog';
import { startApp, type TestApp } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';
import { atRest, factOf, letReadersRead, mayRead, operationsOf, reader, readerRule, rulesIn } from './support/facts';
import { untilSo } from './support/until';

const mallory = readerRule('mallory');
const [subject = '', role = '', scope = ''] = mallory;

interface Inside {
  readonly model: Model;
  readonly links: RoleManager;
}

const assertionOf = (model: Model, ptype: string): { policy: string[][]; tokens: string[]; value: string } => {
  const assertion = model.model.get(ptype.slice(0, 1))?.get(ptype);
  if (!assertion) throw new Error(`the model lacks ${ptype}`);
  return assertion;
};

/** Ways to change what is granted through what the enforcer hands out. */
const backDoors: [string, (inside: Inside) => unknown][] = [
  ['a link added to the role manager', ({ links }) => links.addLink(subject, role, scope)],
  ['a link deleted from it', ({ links }) => links.deleteLink('user^ann', 'role^reader', '*')],
  ['all its links cleared', ({ links }) => links.clear()],
  ['a policy added to the model', ({ model }) => model.addPolicy('p', 'p', [subject, 'act^read', '*'])],
  ['an assignment added to the model', ({ model }) => model.addPolicy('g', 'g', mallory)],
  ['several added', ({ model }) => model.addPolicies('p', 'p', [[subject, 'act^read', '*']])],
  ['one removed', ({ model }) => model.removePolicy('p', 'p', ['role^reader', 'act^read', '*'])],
  ['several removed', ({ model }) => model.removePolicies('g', 'g', [readerRule('ann')])],
  ['those that match removed', ({ model }) => model.removeFilteredPolicy('g', 'g', 0, 'user^ann')],
  [
    'one replaced',
    ({ model }) => model.updatePolicy('p', 'p', ['role^reader', 'act^read', '*'], [subject, 'act^read', '*']),
  ],
  ['everything cleared', ({ model }) => model.clearPolicy()],
  ['the array of policies extended', ({ model }) => assertionOf(model, 'p').policy.push([subject, 'act^read', '*'])],
  ['the array emptied', ({ model }) => assertionOf(model, 'p').policy.splice(0)],
  ['an array put in its place', ({ model }) => (assertionOf(model, 'p').policy = [[subject, 'act^read', '*']])],
  ['the assertion taken away', ({ model }) => model.model.get('p')?.delete('p')],
  ['the matcher replaced', ({ model }) => model.addDef('m', 'm', 'r.sub == "user^mallory"')],
  ['the matcher rewritten', ({ model }) => (assertionOf(model, 'm').value = 'r_sub == "user^mallory"')],
  ['a token exchanged', ({ model }) => assertionOf(model, 'p').tokens.reverse()],
  ['a policy type added', ({ model }) => model.addDef('p', 'p2', 'sub, act, scope')],
  ['the tokens replaced', ({ model }) => (assertionOf(model, 'p').tokens = ['p_scope', 'p_act', 'p_sub'])],
  ['the section taken away', ({ model }) => model.model.delete('g')],
];

describe('what is changed in memory past the enforcer', () => {
  let database: TestDatabase;
  let app: TestApp;
  let warnings: jest.SpyInstance;

  beforeEach(async () => {
    database = await createDatabase();
    app = await startApp({ url: database.url });
    await letReadersRead(app);
    await app.assignments.assign(reader('ann'));
    warnings = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
  });
  afterEach(async () => {
    warnings.mockRestore();
    await app.close();
    await database.drop();
  });

  const warned = (): number =>
    warnings.mock.calls.filter(([text]) => String(text).includes('past the enforcer')).length;
  const inside = (): Inside => ({
    model: app.enforcer.getModel(),
    links: app.enforcer.getRoleManager(),
  });
  const granted = async (): Promise<unknown> => ({
    policies: await app.enforcer.getPolicy(),
    assignments: (await app.enforcer.getGroupingPolicy()).filter(([name]) => !name?.includes('marker')),
    ann: await mayRead(app, 'ann'),
    mallory: await mayRead(app, 'mallory'),
    roles: await app.enforcer.getRolesForUser('user^ann', '*'),
  });

  it.each(backDoors)('%s: the next catch-up undoes it', async (_, open) => {
    const before = await granted();
    await open(inside());
    await atRest(app);
    expect(await granted()).toEqual(before);
    expect(warned()).toBe(1);
  });

  it('it is undone also while the database does not answer', async () => {
    const [rename, back] = ['audit_head RENAME TO away', 'away RENAME TO audit_head'];
    await app.dataSource.query(`ALTER TABLE ${rename}`);
    await inside().links.addLink(subject, role, scope);
    await untilSo(async () => !(await mayRead(app, 'mallory')));
    await app.dataSource.query(`ALTER TABLE ${back}`);
    expect(warned()).toBe(1);
  });

  it('it is warned about once, however often it happens', async () => {
    for (let times = 0; times < 3; times += 1) {
      await inside().links.addLink(subject, role, scope);
      expect(await mayRead(app, 'mallory')).toBe(true);
      await atRest(app);
      expect(await mayRead(app, 'mallory')).toBe(false);
    }
    expect(warned()).toBe(1);
  });

  it('what is put into memory that the table has anyway is nothing to warn about', async () => {
    await inside().links.addLink('user^ann', 'role^reader', '*');
    inside().model.addPolicy('g', 'g', readerRule('ann'));
    await app.enforcer.buildRoleLinks();
    await atRest(app);
    expect(warned()).toBe(0);
  });

  it('a change of the same rule that is made properly stays', async () => {
    inside().model.addPolicy('g', 'g', mallory);
    expect(await app.enforcer.addGroupingPolicy(...mallory)).toBe(true);
    inside().model.removePolicy('g', 'g', readerRule('ann'));
    expect(await app.enforcer.removeGroupingPolicy(...readerRule('ann'))).toBe(true);
    await atRest(app);
    expect([await mayRead(app, 'mallory'), await mayRead(app, 'ann')]).toEqual([true, false]);
  });

  it('rules that Casbin hands out cannot be changed in place', async () => {
    const [rule] = assertionOf(inside().model, 'p').policy;
    expect(() => rule?.splice(0, 1, subject)).toThrow(TypeError);
    for (const copy of await app.enforcer.getPolicy()) copy[0] = subject;
    expect(await mayRead(app, 'ann')).toBe(true);
  });

  it('a decision that was made on it is not remembered, also if it was taken back meanwhile', async () => {
    const cached = await startApp({ url: database.url, grantlog: { enforcerClass: CachedEnforcer } });
    const links = cached.enforcer.getRoleManager();
    await links.addLink(subject, role, scope);
    expect(await mayRead(cached, 'mallory')).toBe(true);
    await links.deleteLink(subject, role, scope);
    await atRest(cached);
    expect(await mayRead(cached, 'mallory')).toBe(false);
    await cached.close();
  });

  describe('savePolicy', () => {
    it('refuses what does not fit the model, by its name, and changes nothing', async () => {
      inside().model.addPolicy('g', 'g', ['user^short', 'role^reader']);
      await expect(app.enforcer.savePolicy()).rejects.toThrow(InvalidInputError);
      expect(await rulesIn(app.dataSource)).toHaveLength(2);
    });

    it('is refused in a transaction that began before what memory knows: it would bring back what others have removed', async () => {
      let current: typeof app.dataSource.manager | undefined;
      const own = await startApp({ url: database.url, grantlog: { transaction: () => current } });
      const attempt = own.dataSource.transaction('REPEATABLE READ', async (manager) => {
        await manager.query('SELECT 1 FROM casbin_rule');
        await app.assignments.assign(reader('late'));
        await atRest(own);
        await app.assignments.remove(reader('late'));
        current = manager;
        await own.enforcer.savePolicy();
      });
      await expect(attempt).rejects.toThrow(/^manager: /);
      current = undefined;
      expect(await operationsOf(app, 'late')).toEqual(['created', 'deleted']);
      await own.close();
    });

    it('writes the difference in one transaction, each row that really changes with its event', async () => {
      inside().model.addPolicy('g', 'g', mallory);
      inside().model.removePolicy('g', 'g', readerRule('ann'));
      expect(await app.enforcer.savePolicy()).toBe(true);
      expect(await rulesIn(app.dataSource)).toEqual([
        ['g', ...mallory],
        ['p', 'role^reader', 'act^read', '*'],
      ]);
      const records = (await app.records()).slice(-2);
      expect(records.map(factOf)).toEqual([
        ['role_assignment.deleted', 'g', ...readerRule('ann')],
        ['role_assignment.created', 'g', ...mallory],
      ]);
      expect(new Set(records.map(({ operationId }) => operationId)).size).toBe(1);
      await atRest(app);
      expect([await mayRead(app, 'mallory'), await mayRead(app, 'ann')]).toEqual([true, false]);
      expect(warned()).toBe(0);
    });

    it('writes nothing when memory is what the table is', async () => {
      const before = (await app.records()).length;
      expect(await app.enforcer.savePolicy()).toBe(true);
      expect(await app.records()).toHaveLength(before);
    });

    it('makes the table what memory is: rows of others that memory has followed stay, rows written past everybody go', async () => {
      const other = await startApp({ url: database.url });
      await app.dataSource.query(
        `INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'user^sql', 'role^reader', '*')`,
      );
      await other.assignments.assign(reader('far')); // may not have been followed yet
      await app.enforcer.savePolicy();
      await other.close();
      expect((await rulesIn(app.dataSource)).map(([, name]) => name)).toEqual(['user^ann', 'user^far', 'role^reader']);
      expect((await app.records()).map(factOf).at(-1)).toEqual(['role_assignment.deleted', 'g', ...readerRule('sql')]);
    });

    it("is part of the caller's transaction, and keeps what that has changed", async () => {
      const own = await startApp({ url: database.url, grantlog: { transaction: () => current } });
      let current: typeof own.dataSource.manager | undefined;
      const attempt = own.dataSource.transaction(async (manager) => {
        current = manager;
        await own.enforcer.addGroupingPolicy(...readerRule('inside'));
        own.enforcer.getModel().addPolicy('g', 'g', mallory);
        await own.enforcer.savePolicy();
        expect(await manager.query(`SELECT v0 FROM casbin_rule WHERE ptype = 'g' ORDER BY v0`)).toEqual(
          ['ann', 'inside', 'mallory'].map((name) => ({ v0: `user^${name}` })),
        );
        throw new Error('the caller gives up');
      });
      await expect(attempt).rejects.toThrow('gives up');
      current = undefined;
      await own.close();
      expect(await rulesIn(app.dataSource)).toHaveLength(2);
    });
  });
});
