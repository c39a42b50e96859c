import { join, relative } from 'node:path';
import { newModelFromString } from 'casbin';
import { startApp } from './support/app';
import { connect, createDatabase, type TestDatabase } from './support/database';

const sample = join(__dirname, '..', 'apps', 'demo', 'sample');

// Casbin gets its file system with the first enforcer of a process: nothing here may make one before.
describe('the model', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());

  it('is read from the path of a CONF file', async () => {
    const grantlog = { model: join(sample, 'model.conf'), scopeMatching: 'glob' } as const;
    const app = await startApp({ url: database.url, grantlog });
    await app.enforcer.addPolicy('role^reader', 'act^read', '*', 'allow');
    await app.assignments.assign({ subject: 'user^1', role: 'role^reader', scope: 'lib^lib:Org1:*' });
    expect(await app.enforcer.enforce('user^1', 'act^read', 'lib^lib:Org1:math')).toBe(true);
    await app.close();
  });

  it.each([
    ['policy.csv', /^model: \/.*\/apps\/demo\/sample\/policy\.csv is not a Casbin model: /],
    ['no-such.conf', /^model: \/.*\/apps\/demo\/sample\/no-such\.conf cannot be read: ENOENT/],
  ])('is refused by the whole path of its file: %s', async (name, complaint) => {
    const model = relative(process.cwd(), join(sample, name));
    await expect(startApp({ url: database.url, grantlog: { model } })).rejects.toThrow(complaint);
  });

  it('without roles is refused before anything begins to run', async () => {
    const withoutRoles = newModelFromString(`
[request_definition]
r = sub, act, scope
[policy_definition]
p = sub, act, scope
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.sub == p.sub`);
    const started = startApp({ url: database.url, grantlog: { model: withoutRoles } });
    await expect(started).rejects.toThrow(/^model: must define roles/);
    const dataSource = await connect(database.url);
    const asked = `SELECT count(*)::int AS others FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%audit_outbox%'`;
    expect(await dataSource.query(asked)).toEqual([{ others: 0 }]); // nobody has begun to follow
    await dataSource.destroy();
  });
});
