import { startApp } from './support/app';
import { connect, createDatabase, type TestDatabase } from './support/database';
import { factOf, readerRule, rulesIn } from './support/facts';
import { KillableApp } from './support/killable-app';
import { Stranger } from './support/stranger';

describe('no change without a record, also after kill -9', () => {
  let database: TestDatabase;
  let stranger: Stranger;
  let victim: KillableApp;
  beforeEach(async () => {
    database = await createDatabase();
    const migrated = await connect(database.url);
    await migrated.destroy();
    stranger = await Stranger.connect(database.url);
  });
  afterEach(async () => {
    await victim.kill();
    await stranger.end();
    await database.drop();
  });

  /** The facts in the table and those in the log once a new app has taken over; both sorted. */
  async function afterRestart(): Promise<{ rules: string[]; facts: string[] }> {
    await stranger.waitUntilAlone();
    const app = await startApp({ url: database.url });
    try {
      const rules = (await rulesIn(app.dataSource)).map((rule) => ['role_assignment.created', ...rule].join());
      const facts = (await app.records()).map((record) => factOf(record).join());
      expect(await app.dataSource.query('SELECT * FROM audit_outbox')).toEqual([]);
      return { rules, facts: facts.sort() };
    } finally {
      await app.close();
    }
  }

  it('between commit and record, each committed change is recorded once and others never', async () => {
    await stranger.stopRecording();
    victim = new KillableApp(database.url, 'everyKind');
    expect(await victim.line()).toBe('done');
    await victim.kill();
    await stranger.release();
    const { rules, facts } = await afterRestart();
    const committed = ['alone', 'batch-1', 'batch-2', 'in-transaction'];
    expect(facts).toEqual(committed.map((name) => ['role_assignment.created', 'g', ...readerRule(name)].join()));
    expect(rules).toEqual(facts);
  });

  it.each([
    ['between claim and append', 'TRIGGER wait_here BEFORE', '', '%INSERT INTO audit_record%'],
    ['between append and commit', 'CONSTRAINT TRIGGER wait_here AFTER', 'DEFERRABLE INITIALLY DEFERRED', 'COMMIT'],
  ])('%s, each committed change is recorded once and others never', async (_, trigger, deferred, statement) => {
    await stranger.query(`
      CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$;
      CREATE ${trigger} INSERT ON audit_record ${deferred} FOR EACH ROW EXECUTE FUNCTION wait_here()`);
    await stranger.hold('SELECT pg_advisory_xact_lock(1)');
    victim = new KillableApp(database.url, 'everyKind');
    expect(await victim.line()).toBe('done');
    await stranger.waitForBlocked(statement);
    await victim.kill();
    await stranger.release();
    const { rules, facts } = await afterRestart();
    expect(facts).toHaveLength(4);
    expect(rules).toEqual(facts);
  });

  it('in the middle of a stream of changes, the log tells of exactly the rules that are there', async () => {
    victim = new KillableApp(database.url, 'forEver');
    const answered: string[] = [];
    while (answered.length < 150) answered.push(await victim.line());
    answered.push(...(await victim.kill()));
    const { rules, facts } = await afterRestart();
    expect(facts).toEqual(rules);
    expect(rules.length).toBeGreaterThanOrEqual(answered.length);
    for (const subject of answered) expect(facts).toContain(`role_assignment.created,g,${subject},role^reader,*`);
  });

  it('while the server ends connections again and again, the process lives and the log tells of the rules', async () => {
    victim = new KillableApp(database.url, 'throughLosses');
    const answered: string[] = [];
    for (let losses = 0; losses < 25; losses += 1) {
      for (let lines = 0; lines < 20; lines += 1) answered.push(await victim.line());
      await stranger.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      );
    }
    answered.push(await victim.line(), ...(await victim.kill()));
    const { rules, facts } = await afterRestart();
    expect(facts).toEqual(rules);
    for (const subject of answered) expect(facts).toContain(`role_assignment.created,g,${subject},role^reader,*`);
  }, 60_000);
});
