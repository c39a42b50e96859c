import { startApp, type TestApp } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';
import { reader } from './support/facts';

describe('health', () => {
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

  it.each(['audit_record', 'audit_head', 'audit_follower', 'audit_outbox'])(
    'is red and says why while %s cannot be read, and green afterwards',
    async (table) => {
      expect((await app.health.report()).status).toBe('green');
      await app.dataSource.query(`ALTER TABLE ${table} RENAME TO out_of_sight`);
      try {
        if (table !== 'audit_outbox') await app.assignments.assign(reader(table));
        if (table === 'audit_record' || table === 'audit_head') {
          await expect(app.relay.drained()).rejects.toThrow(table);
        }
        const { status, problems } = await app.health.report();
        expect(status).toBe('red');
        expect(problems.join()).toContain(table);
      } finally {
        await app.dataSource.query(`ALTER TABLE out_of_sight RENAME TO ${table}`);
      }
      await app.relay.drained();
      await app.followers.settled();
      expect((await app.health.report()).status).toBe('green');
    },
  );
});
