import { reconcile } from 'grantlog';
import { startApp, type TestApp } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';
import { reader } from './support/facts';
import { rebuildIntervals } from '../libs/grantlog/src/migrations/rebuilding';
import { Roles } from './support/roles';

describe('reconciling a log that somebody has been at with the rights of a superuser', () => {
  let database: TestDatabase;
  let app: TestApp;
  let roles: Roles;

  beforeEach(async () => {
    database = await createDatabase();
    roles = new Roles(database);
    app = await startApp({ url: database.url });
    for (const name of ['ann', 'bob', 'cid', 'dan']) {
      await app.assignments.assign(reader(name));
      await app.relay.drained();
    }
    await app.assignments.remove(reader('cid'));
    await app.relay.drained();
  });
  afterEach(async () => {
    await app.close();
    await database.drop();
    await roles.drop();
  });

  const tamper = (...statements: string[]): Promise<void> =>
    roles.administer(
      'ALTER TABLE audit_record DISABLE TRIGGER ALL',
      ...statements,
      'ALTER TABLE audit_record ENABLE ALWAYS TRIGGER audit_record_append_only',
      'ALTER TABLE audit_record ENABLE ALWAYS TRIGGER audit_record_intervals',
    );
  const problems = async (): Promise<unknown[]> => {
    const report = await reconcile(app.dataSource);
    expect(report.differs).toBe(report.problems.length > 0 || report.findings.length > 0);
    return report.problems.map(({ code, problem }) => [code, problem]);
  };

  it('finds nothing before', async () => {
    expect(await problems()).toEqual([]);
  });

  it('says which records are missing, and what they had told', async () => {
    await tamper('DELETE FROM audit_record WHERE seq = 2');
    const report = await reconcile(app.dataSource);
    expect(report.findings).toMatchObject([{ kind: 'inserted', rule: ['user^bob', 'role^reader', '*'], told: null }]);
    expect(await problems()).toEqual([
      ['seq', 'the log lacks 1 record, the first one before seq 3'],
      ['intervals', expect.stringMatching(/in 1 interval, the first one from seq 2/)],
    ]);
  });

  it('says that the first records are missing', async () => {
    await tamper('DELETE FROM audit_record WHERE seq < 3');
    expect(await problems()).toContainEqual(['seq', 'the log lacks 2 records, the first one before seq 3']);
  });

  it('says that the last ones are missing, which only the head knows of', async () => {
    await tamper('DELETE FROM audit_record WHERE seq = 5');
    expect(await problems()).toContainEqual(['head', expect.stringMatching(/^audit_head says seq 5 .* is seq 4 at /)]);
  });

  it('says that all are missing', async () => {
    await tamper('DELETE FROM audit_record', 'DELETE FROM audit_interval', 'DELETE FROM audit_interval_block');
    expect(await problems()).toEqual([['head', expect.stringMatching(/the last record is seq 0 at no time/)]]);
  });

  it('says that a record claims an earlier time than the one before', async () => {
    await tamper(`UPDATE audit_record SET recorded_at = '2001-01-01' WHERE seq = 3`);
    expect(await problems()).toEqual([
      ['recorded-at', expect.stringMatching(/^recordedAt goes back at 1 record, .* at seq 3$/)],
    ]);
  });

  it('says that the head was set back in time, and that it is gone', async () => {
    await roles.administer(`UPDATE audit_head SET recorded_at = '2001-01-01'`);
    expect(await problems()).toEqual([['head', expect.stringMatching(/audit_head says seq 5 at 2001/)]]);
    await roles.administer('DELETE FROM audit_head');
    expect(await problems()).toEqual([['head', expect.stringMatching(/is empty/)]]);
  });

  it('says that a record was given another rule', async () => {
    await tamper(
      `UPDATE audit_record SET details = '{"ptype": "g", "rule": ["user^zoe", "role^reader", "*"]}', subject = 'user^zoe' WHERE seq = 1`,
    );
    const report = await reconcile(app.dataSource);
    expect(report.findings.map(({ kind, rule }) => [kind, rule[0]])).toEqual([
      ['inserted', 'user^ann'],
      ['deleted', 'user^zoe'],
    ]);
    expect(await problems()).toMatchObject([['intervals', expect.any(String) as string]]);
  });

  it.each([
    ['lacks one', 'DELETE FROM audit_interval WHERE from_seq = 1'],
    [
      'has one too many',
      `INSERT INTO audit_interval (from_seq, ptype, subject, rule_hash) VALUES (99, 'g', 'user^x', 1)`,
    ],
    ['ends one', 'UPDATE audit_interval SET to_seq = 4 WHERE from_seq = 1'],
    ['does not end one', 'UPDATE audit_interval SET to_seq = NULL WHERE from_seq = 3'],
    ['gives one to somebody else', `UPDATE audit_interval SET subject = 'user^x' WHERE from_seq = 1`],
    ['puts one elsewhere', `UPDATE audit_interval SET scope_namespace = 'lib' WHERE from_seq = 1`],
  ])('says so when audit_interval %s', async (_, damage) => {
    await roles.administer(damage);
    const report = await reconcile(app.dataSource);
    expect(report.problems).toContainEqual({
      code: 'intervals',
      problem: expect.stringMatching(/differs from the log in 1 interval, the first one from seq \d+$/) as string,
      remedy: 'grantlog rebuild',
    });
  });

  it('says that what follows the log, or guards it, is switched off', async () => {
    await roles.administer(
      'ALTER TABLE audit_record ENABLE TRIGGER audit_record_append_only',
      'ALTER TABLE audit_record DISABLE TRIGGER audit_record_intervals',
    );
    const report = await reconcile(app.dataSource);
    expect(report.problems.map(({ code, problem, remedy }) => [code, problem, remedy])).toEqual([
      ['trigger', expect.stringMatching(/audit_record_append_only/), expect.stringMatching(/appendOnlyReport/)],
      ['trigger', expect.stringMatching(/audit_record_intervals/), 'grantlog rebuild'],
    ]);
    await rebuildIntervals(app.dataSource);
    expect((await reconcile(app.dataSource)).problems).toHaveLength(1);
  });

  it('says that blocks of intervals differ', async () => {
    await roles.administer(`UPDATE audit_interval_block SET until = 1 WHERE led_by = 'role'`);
    expect(await problems()).toEqual([['intervals', 'audit_interval_block differs from audit_interval in 1 block']]);
    await rebuildIntervals(app.dataSource);
    expect(await problems()).toEqual([]);
  });

  it('finds nothing wrong with intervals of rules that came, went and came again, also past Grantlog', async () => {
    await roles.administer(`DELETE FROM casbin_rule WHERE v0 = 'user^ann'`);
    await app.assignments.assign(reader('ann')); // created twice
    await roles.administer(`INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'user^eve', 'role^reader', '*')`);
    await app.assignments.remove(reader('eve')); // deleted, and never created
    await app.assignments.assign(reader('eve'));
    await app.assignments.remove([reader('eve'), reader('ann')]);
    await app.relay.drained();
    expect(await problems()).toEqual([]);
  });
});
