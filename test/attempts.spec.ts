import {
  Attempts,
  InvalidInputError,
  MissingActorError,
  NotConnectedError,
  OutcomeUnknownError,
  runAs,
} from 'grantlog';
import type { AuditRecord } from 'grantlog';
import type { TestApp } from './support/app';
import { attemptsOf, toldOf } from './support/attempts';
import { Cluster } from './support/cluster';
import { reader, readerRule } from './support/facts';
import { Stranger } from './support/stranger';

const failure = async (call: Promise<unknown>): Promise<Record<string, unknown>> =>
  call.then(
    () => Promise.reject(new Error('it was to fail')),
    (error: unknown) => error as Record<string, unknown>,
  );

describe('an attempt that changed nothing leaves a record', () => {
  let cluster: Cluster;
  let app: TestApp;
  let stranger: Stranger;
  beforeAll(async () => {
    cluster = await Cluster.create();
    app = await cluster.start({ grantlog: { attempts: true } });
    stranger = await Stranger.connect(cluster.database.url);
  });
  afterEach(() => stranger.release());
  afterAll(async () => {
    await stranger.end();
    await cluster.end();
  });

  /** What was recorded of attempts while `work` ran. */
  async function left(work: () => Promise<unknown>): Promise<AuditRecord[]> {
    const before = (await attemptsOf(app)).length;
    await work();
    return (await attemptsOf(app)).slice(before);
  }

  const breakTable = (): Promise<unknown> =>
    stranger.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'not this one' USING ERRCODE = '23514'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT OR DELETE ON casbin_rule FOR EACH ROW EXECUTE FUNCTION refuse()`);
  const mendTable = (): Promise<unknown> => stranger.query('DROP FUNCTION IF EXISTS refuse CASCADE');

  describe('of RoleAssignments', () => {
    it('refused for its input, with who tried it and why, and the operation that its error names', async () => {
      let error: Record<string, unknown> = {};
      const records = await left(() =>
        runAs(
          'user^7',
          async () => {
            error = await failure(
              app.assignments.assign([reader('fine'), { subject: 'bad', role: 'role^reader', scope: '*' }]),
            );
          },
          { reason: 'night shift' },
        ),
      );
      expect(error).toBeInstanceOf(InvalidInputError);
      expect(records.map(toldOf)).toEqual([
        ['failed', 'role_assignment.created', 'user^fine,role^reader,*', 'INVALID_INPUT'],
        ['failed', 'role_assignment.created', 'bad,role^reader,*', 'INVALID_INPUT'],
      ]);
      for (const record of records) {
        expect(record).toMatchObject({
          actor: 'user^7',
          reason: 'night shift',
          operation: 'created',
          operationId: error.operationId,
        });
        expect(record.details.error).toEqual({
          code: 'INVALID_INPUT',
          message: error.message,
          field: 'assignments[1].subject',
        });
      }
      expect(records[1]).toMatchObject({ subject: 'bad', role: 'role^reader', scope: '*' });
    });

    it.each([
      ['remove', () => app.assignments.remove({ subject: '', role: 'role^reader', scope: '*' }), ',role^reader,*'],
      ['removeAll', () => app.assignments.removeAll({ subject: 'user^1', role: '' }), 'user^1,,'],
      ['removeAll of everything', () => app.assignments.removeAll({}), ',,'],
    ])('refused for its input: %s', async (_, call, rule) => {
      const records = await left(() => failure(call()));
      expect(records.map(toldOf)).toEqual([['failed', 'role_assignment.deleted', rule, 'INVALID_INPUT']]);
    });

    it('refused for a reason that cannot be one, of which as much is kept as can be stored', async () => {
      const call = (): Promise<unknown> =>
        failure(app.assignments.assign(reader('why'), { reason: `a\u0000${'x'.repeat(9_000)}` }));
      const [record] = await left(call);
      expect(record?.reason).toMatch(/^a\uFFFDx{1997}…$/);
    });

    it('refused by the database', async () => {
      await breakTable();
      const records = await left(() => failure(app.assignments.assign([reader('db-1'), reader('db-2')])));
      await mendTable();
      expect(records.map(toldOf)).toEqual([
        ['failed', 'role_assignment.created', 'user^db-1,role^reader,*', '23514'],
        ['failed', 'role_assignment.created', 'user^db-2,role^reader,*', '23514'],
      ]);
      expect(records[0]?.details.error?.message).toContain('not this one');
      expect(new Set(records.map(({ operationId }) => operationId)).size).toBe(1);
    });

    it('but not if it changed nothing because all was as asked', async () => {
      await app.assignments.assign(reader('there'));
      const records = await left(async () => {
        expect(await app.assignments.assign(reader('there'))).toMatchObject({ changed: false });
        expect(await app.assignments.remove(reader('not-there'))).toMatchObject({ changed: false });
        expect(await app.enforcer.addGroupingPolicies([readerRule('there'), readerRule('batch')])).toBe(false);
        expect(await app.enforcer.removeGroupingPolicies([readerRule('there'), readerRule('batch')])).toBe(false);
        await app.dataSource.transaction((manager) => app.assignments.assign(reader('there'), { manager }));
      });
      expect(records).toEqual([]);
    });

    it('and not if it may have happened after all', async () => {
      const records = await left(async () => {
        await stranger.hold('LOCK TABLE audit_outbox IN SHARE MODE');
        const error = failure(app.assignments.assign(reader('unknown')));
        const [pid] = await stranger.waitForBlocked('%INSERT INTO casbin_rule%');
        await stranger.query('SELECT pg_terminate_backend($1)', [pid]);
        expect(await error).toBeInstanceOf(OutcomeUnknownError);
        await stranger.release();
      });
      expect(records).toEqual([]);
    });

    it('one by one, with an error of its own, for calls that shared a statement and failed together', async () => {
      const names = ['share-1', 'share-2', 'share-3'];
      const options = { poolSize: 1, dataSource: { connectTimeoutMS: 300 }, grantlog: { attempts: true } };
      const small = await cluster.start(options);
      const runner = small.dataSource.createQueryRunner();
      await runner.startTransaction();
      const errors = await Promise.all(names.map((name) => failure(small.assignments.assign(reader(name)))));
      await runner.rollbackTransaction();
      await runner.release();
      for (const error of errors) {
        expect(error).toBeInstanceOf(NotConnectedError);
        expect(error).toMatchObject({
          name: 'NotConnectedError',
          cause: { message: expect.stringContaining('timeout') },
        });
        expect(error.stack).toContain('NotConnectedError: There was no connection');
      }
      const records = (await attemptsOf(small)).filter(({ subject }) => subject.startsWith('user^share-'));
      expect(Object.fromEntries(records.map(({ subject, operationId }) => [subject, operationId]))).toEqual(
        Object.fromEntries(names.map((name, at) => [`user^${name}`, errors[at]?.operationId])),
      );
      expect(new Set(errors.map(({ operationId }) => operationId)).size).toBe(3);
      await cluster.close(small);
    });
  });

  it('denied, when nobody is known to make it and nobody may', async () => {
    const strict = await cluster.start({ grantlog: { attempts: true, onMissingActor: 'reject' } });
    const before = (await attemptsOf(strict)).length;
    expect(await failure(strict.assignments.assign(reader('nobody')))).toBeInstanceOf(MissingActorError);
    expect(await failure(strict.enforcer.addPolicy('role^reader', 'act^read', '*'))).toBeInstanceOf(MissingActorError);
    const records = (await attemptsOf(strict)).slice(before);
    expect(records.map(toldOf)).toEqual([
      ['denied', 'role_assignment.created', 'user^nobody,role^reader,*', 'MISSING_ACTOR'],
      ['denied', 'policy.created', 'role^reader,act^read,*', 'MISSING_ACTOR'],
    ]);
    expect(records.map(({ actor }) => actor)).toEqual([null, null]);
    await cluster.close(strict);
  });

  it.each<[string, () => Promise<unknown>, unknown[][]]>([
    ['addPolicy', () => app.enforcer.addPolicy('one'), [['policy.created', 'one']]],
    [
      'addPolicies',
      () => app.enforcer.addPolicies([['a', 'b', 'c'], ['d']]),
      [
        ['policy.created', 'a,b,c'],
        ['policy.created', 'd'],
      ],
    ],
    ['addGroupingPolicy', () => app.enforcer.addGroupingPolicy('u', 'r'), [['role_assignment.created', 'u,r']]],
    [
      'an unknown policy type',
      () => app.enforcer.addNamedGroupingPolicy('g9', 'u', 'r'),
      [['grouping.created', 'u,r']],
    ],
    [
      'updatePolicy',
      () => app.enforcer.updatePolicy(['a', 'b', 'c'], ['d']),
      [
        ['policy.deleted', 'a,b,c'],
        ['policy.created', 'd'],
      ],
    ],
    ['removeFilteredPolicy', () => app.enforcer.removeFilteredPolicy(0, ''), [['policy.deleted', '']]],
    ['a filter with NUL', () => app.enforcer.removeFilteredPolicy(1, 'a\0'), [['policy.deleted', ',a\uFFFD']]],
    ['deleteUser', () => app.enforcer.deleteUser('a\0'), [['role_assignment.deleted', '']]],
  ])('of the enforcer: %s', async (_, call, told) => {
    const records = await left(() => failure(call()));
    expect(records.map(({ type, details }) => [type, details.rule?.join()])).toEqual(told);
    for (const { outcome } of records) expect(outcome).toBe('failed');
    expect(new Set(records.map(({ operationId }) => operationId)).size).toBe(1);
  });

  it('of the enforcer: a removal by filter that the database refuses, once', async () => {
    await app.assignments.assign(reader('filtered'));
    await breakTable();
    const records = await left(() => failure(app.enforcer.removeFilteredGroupingPolicy(0, 'user^filtered')));
    await mendTable();
    expect(records.map(toldOf)).toEqual([['failed', 'role_assignment.deleted', 'user^filtered', '23514']]);
  });

  it('of the enforcer: savePolicy(), with the rules that it would have changed', async () => {
    await stranger.query(`INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('p', 'past', 'the', 'enforcer')`);
    await breakTable();
    const records = await left(() => failure(app.enforcer.savePolicy()));
    await mendTable();
    await stranger.query(`DELETE FROM casbin_rule WHERE v0 = 'past'`);
    expect(records.map(toldOf)).toEqual([['failed', 'policy.deleted', 'past,the,enforcer', '23514']]);
  });

  it('of the host, which refused it by itself', async () => {
    const attempts = app.nest.get(Attempts);
    const ids: unknown[] = [];
    const records = await left(async () => {
      ids.push(attempts.denied('created', reader('host-1'), { reason: 'asked nicely' }));
      const error = Object.assign(new Error('not on Sundays'), { name: 'SundayError' });
      ids.push(runAs('user^8', () => attempts.failed('deleted', [reader('host-2')], { error })));
    });
    expect(records.map(toldOf)).toEqual([
      ['denied', 'role_assignment.created', 'user^host-1,role^reader,*', 'DENIED'],
      ['failed', 'role_assignment.deleted', 'user^host-2,role^reader,*', 'SundayError'],
    ]);
    expect(records.map(({ operationId }) => operationId)).toEqual(ids);
    expect(records.map(({ actor, reason }) => [actor, reason])).toEqual([
      [null, 'asked nicely'],
      ['user^8', null],
    ]);
    expect(records[1]?.details.error?.message).toBe('not on Sundays');
    expect(() => attempts.denied('assigned' as never, reader('host-3'))).toThrow(InvalidInputError);
  });

  it('unless that was not asked for: then nothing is recorded, told or watched', async () => {
    const plain = await cluster.start();
    expect(await failure(plain.assignments.assign({ ...reader('off'), role: 'bad' }))).not.toHaveProperty(
      'operationId',
    );
    expect(await failure(plain.enforcer.addPolicy('off'))).not.toHaveProperty('operationId');
    expect(plain.nest.get(Attempts).denied('created', reader('off'))).toBeUndefined();
    await expect(
      plain.dataSource.transaction(async (manager) => {
        await plain.assignments.assign(reader('off'), { manager });
        throw new Error('taken back');
      }),
    ).rejects.toThrow('taken back');
    expect((await plain.health.report()).attempts).toBeNull();
    await cluster.close(plain);
    const subjects = (await attemptsOf(app)).map(({ details }) => details.rule?.[0]);
    expect(subjects.filter((subject) => subject?.includes('off'))).toEqual([]);
  });
});
