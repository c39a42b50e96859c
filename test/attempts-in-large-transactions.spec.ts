import { Attempts, type AuditRecord, type RoleAssignment } from 'grantlog';
import type { EntityManager, QueryRunner } from 'typeorm';
import type { TestApp } from './support/app';
import { attemptsOf } from './support/attempts';
import { Cluster } from './support/cluster';
import { reader } from './support/facts';
import { Stranger } from './support/stranger';
import { until } from './support/until';

jest.setTimeout(60_000); // ten thousand changes and their records

/** A lock of the table itself would wait for the open transaction. */
const attemptsCanBeHeld = `
  CREATE FUNCTION wait_for_stranger() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_advisory_xact_lock_shared(19); RETURN NEW; END $$;
  CREATE TRIGGER wait_for_stranger BEFORE INSERT ON audit_outbox FOR EACH ROW
    WHEN (NEW.outcome <> 'success') EXECUTE FUNCTION wait_for_stranger()`;
const holdAttempts = 'SELECT pg_advisory_xact_lock(19)';
const changedMind = new Error('the caller changed its mind');
const hundred = (name: string): RoleAssignment[] => Array.from({ length: 100 }, (_, n) => reader(`${name}-${n}`));

describe('a transaction with more changes than are kept in memory', () => {
  let cluster: Cluster;
  let app: TestApp;
  let stranger: Stranger;
  let large: QueryRunner;
  beforeEach(async () => {
    cluster = await Cluster.create();
    app = await cluster.start({ grantlog: { attempts: true } });
    stranger = await Stranger.connect(cluster.database.url);
    await stranger.query(attemptsCanBeHeld);
    large = app.dataSource.createQueryRunner();
    await large.startTransaction();
    for (let call = 0; call < 102; call += 1) await assign(large.manager, hundred(`large-${call}`));
  });
  afterEach(async () => {
    await large.release();
    await stranger.end();
    await cluster.end();
  });

  const assign = (manager: EntityManager, assignments: RoleAssignment[]): Promise<unknown> =>
    app.assignments.assign(assignments, { manager });

  const takenBack = (assignments: RoleAssignment[]): Promise<void> =>
    expect(
      app.dataSource.transaction(async (manager) => {
        await assign(manager, assignments);
        throw changedMind;
      }),
    ).rejects.toThrow(changedMind);

  const told = (records: readonly AuditRecord[]): unknown[] =>
    records.map(({ outcome, subject, details: { error } }) => [outcome, subject, error?.code]);

  it('silences no denial, no failure and no other transaction, and, committed, has lost nothing', async () => {
    expect(app.nest.get(Attempts).denied('created', reader('denied'))).toEqual(expect.any(String));
    const failed = app.assignments.assign({ ...reader('failed'), role: 'no key' });
    await expect(failed).rejects.toMatchObject({ operationId: expect.any(String) });
    await takenBack([reader('other')]);
    expect(told(await attemptsOf(app))).toEqual([
      ['denied', 'user^denied', 'DENIED'],
      ['failed', 'user^failed', 'INVALID_INPUT'],
      ['failed', 'user^other', 'ROLLED_BACK'],
    ]);
    await large.commitTransaction();
    await takenBack(hundred('later'));
    expect((await attemptsOf(app)).length).toBe(103);
    expect(await app.health.report()).toMatchObject({
      problems: [],
      attempts: { waiting: 0, dropped: 0, lastError: null },
    });
  });

  it('rolled back, is told by its first ten thousand, and those beyond are counted', async () => {
    await large.rollbackTransaction();
    const subjects = (await attemptsOf(app)).map(({ subject }) => subject);
    const first = Array.from({ length: 100 }, (_, call) => hundred(`large-${call}`)).flat();
    expect(new Set(subjects)).toEqual(new Set(first.map(({ subject }) => subject)));
    expect(subjects).toHaveLength(10_000);
    expect((await app.health.report()).attempts).toEqual({ waiting: 0, dropped: 200, lastError: null });
  });

  it('gives up its latest for another one, which is told wholly', async () => {
    const other = app.dataSource.createQueryRunner();
    await other.startTransaction();
    await assign(other.manager, hundred('other'));
    await large.rollbackTransaction();
    await other.rollbackTransaction();
    await other.release();
    const subjects = (await attemptsOf(app)).map(({ subject }) => subject);
    expect(subjects.filter((subject) => subject.startsWith('user^other-'))).toHaveLength(100);
    expect(subjects.filter((subject) => subject.startsWith('user^large-'))).toHaveLength(9_900);
    expect((await app.health.report()).attempts).toMatchObject({ waiting: 0, dropped: 300 });
  });

  it('leaves room for denials also while what was rolled back cannot be written', async () => {
    await stranger.hold(holdAttempts);
    await large.rollbackTransaction();
    await stranger.waitForBlocked('%attempts, INSERT INTO audit_outbox%');
    expect((await app.health.report()).attempts?.waiting).toBe(10_000);
    expect(app.nest.get(Attempts).denied('created', reader('denied'))).toEqual(expect.any(String));
    await takenBack([reader('too-much')]); // rolled back changes have no more room than open ones
    await stranger.release();
    const subjects = await until(
      async () => (await attemptsOf(app)).map(({ subject }) => subject),
      (all) => all.length >= 10_001,
    );
    expect(subjects).toContain('user^denied');
    expect(subjects).not.toContain('user^too-much');
    expect((await app.health.report()).attempts).toEqual({ waiting: 0, dropped: 201, lastError: null });
  });
});
