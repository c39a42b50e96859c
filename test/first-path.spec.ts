import { createDatabase, type TestDatabase } from './support/database';
import { startApp, type TestApp } from './support/app';

describe('one assignment', () => {
  let database: TestDatabase;
  let app: TestApp;
  beforeAll(async () => {
    database = await createDatabase();
    app = await startApp({ url: database.url });
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  it('travels from the call to the record', async () => {
    await app.enforcer.addPolicy('role^reader', 'act^read', '*');
    const subject = { subject: 'user^42', role: 'role^reader', scope: 'lib^lib:Org1:math' };
    const { changed, events } = await app.assignments.assign(subject, { reason: 'starts today' });
    expect(changed).toBe(true);
    expect(events).toHaveLength(1);
    expect(await app.enforcer.enforce('user^42', 'act^read', 'lib^lib:Org1:math')).toBe(true);
    const records = await app.records();
    expect(records).toHaveLength(2);
  });
});
