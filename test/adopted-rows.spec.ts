import { newModelFromString } from 'casbin';
import { startApp, type TestApp } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';
import { factOf, rulesIn } from './support/facts';

describe('rows that others have left in the table', () => {
  let database: TestDatabase;
  let app: TestApp;

  beforeEach(async () => {
    database = await createDatabase();
    app = await startApp({ url: database.url });
  });
  afterEach(async () => {
    await app.close();
    await database.drop();
  });

  it('with a column left out in the middle mean the same to memory, to the log and to savePolicy', async () => {
    await app.dataSource.query(
      `INSERT INTO casbin_rule (ptype, v0, v1, v2, v3) VALUES ('p', 'user^ann', NULL, 'act^read', '*')`,
    );
    await app.enforcer.loadPolicy();
    expect(await app.enforcer.getPolicy()).toEqual([['user^ann', 'act^read', '*']]);
    expect(await app.enforcer.enforce('user^ann', 'act^read', '*')).toBe(true);
    expect(await app.enforcer.removeFilteredPolicy(0, 'user^ann')).toBe(true);
    expect(await app.enforcer.enforce('user^ann', 'act^read', '*')).toBe(false);
    expect((await app.records()).map(factOf)).toEqual([['policy.deleted', 'p', 'user^ann', 'act^read', '*']]);
    await app.enforcer.savePolicy();
    expect(await rulesIn(app.dataSource)).toEqual([]);
  });

  it('a grouping of four columns is refused at the start: no role manager of Casbin can hold it', async () => {
    const model = newModelFromString(`
[request_definition]
r = sub, act, scope
[policy_definition]
p = sub, act, scope
[role_definition]
g = _, _
g2 = _, _, _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub)`);
    await expect(startApp({ url: database.url, grantlog: { model } })).rejects.toThrow(/^model: defines "g2" with 4/);
  });
});
