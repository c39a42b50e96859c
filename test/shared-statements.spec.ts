import { Logger } from '@nestjs/common';
import { OutcomeUnknownError, type RoleAssignment, runAs } from 'grantlog';
import { type Logger as TypeOrmLogger } from 'typeorm';
import { startApp, type TestApp } from './support/app';
import { createDatabase, type TestDatabase } from './support/database';
import { mayRead, letReadersRead, operationsOf, reader, rulesIn } from './support/facts';
import { Stranger } from './support/stranger';
import { untilSo } from './support/until';

/** Hears every statement that is sent. */
class Statements implements TypeOrmLogger {
  readonly sent: string[] = [];
  logQuery(query: string): void {
    this.sent.push(query);
  }
  logQueryError(): void {}
  logQuerySlow(): void {}
  logSchemaBuild(): void {}
  logMigration(): void {}
  log(): void {}

  /** Runs `work` and counts the statements of ours in it that begin like this. */
  async during(work: () => Promise<unknown>, verb: 'INSERT INTO' | 'DELETE FROM'): Promise<number> {
    const before = this.sent.length;
    await work();
    return this.sent.slice(before).filter((sql) => sql.includes(`/* Grantlog: ${verb}`)).length;
  }
}

describe('concurrent calls share statements', () => {
  const statements = new Statements();
  let database: TestDatabase;
  let app: TestApp;
  let stranger: Stranger;
  beforeAll(async () => {
    database = await createDatabase();
    const dataSource = { logger: statements, logging: true as const, extra: { options: '-c deadlock_timeout=1ms' } };
    app = await startApp({ url: database.url, dataSource });
    stranger = await Stranger.connect(database.url);
    await letReadersRead(app);
  });
  afterAll(async () => {
    await stranger.end();
    await app.close();
    await database.drop();
  });

  const names = (prefix: string, count: number): string[] =>
    Array.from({ length: count }, (_, at) => `${prefix}-${at}`);
  const assign = (name: string): Promise<{ changed: boolean }> => app.assignments.assign(reader(name));
  const remove = (name: string): Promise<{ changed: boolean }> => app.assignments.remove(reader(name));
  const all = (
    prefix: string,
    count: number,
    call: (name: string) => Promise<{ changed: boolean }>,
  ): Promise<boolean[]> => Promise.all(names(prefix, count).map(async (name) => (await call(name)).changed));

  it('few statements, and each record has its own actor, reason and operation', async () => {
    const people = names('person', 100);
    const asOneself = (verb: 'assign' | 'remove') => (): Promise<unknown> =>
      Promise.all(
        people.map((name) =>
          runAs(`user^boss-of-${name}`, () => app.assignments[verb](reader(name), { reason: `${verb} ${name}` })),
        ),
      );
    expect(await statements.during(asOneself('assign'), 'INSERT INTO')).toBeLessThanOrEqual(3);
    for (const name of people) expect(await mayRead(app, name)).toBe(true);
    expect(await statements.during(asOneself('remove'), 'DELETE FROM')).toBeLessThanOrEqual(3);
    for (const name of people) expect(await mayRead(app, name)).toBe(false);

    const records = (await app.records()).filter(({ subject }) => subject.startsWith('user^person-'));
    expect(records).toHaveLength(200);
    expect(new Set(records.map(({ operationId }) => operationId)).size).toBe(200);
    for (const { subject, actor, reason, operation } of records) {
      const name = subject.slice('user^'.length);
      const verb = operation === 'created' ? 'assign' : 'remove';
      expect({ actor, reason }).toEqual({ actor: `user^boss-of-${name}`, reason: `${verb} ${name}` });
    }
  });

  it('the answer of a call is what is recorded, of that call only', async () => {
    const [one, two] = await Promise.all([
      app.assignments.assign([reader('answer-1'), reader('answer-2'), reader('answer-1')]),
      app.assignments.assign([reader('answer-3')], { reason: 'the third' }),
    ]);
    expect(one.events.map(({ subject }) => subject).sort()).toEqual(['user^answer-1', 'user^answer-2']);
    expect(two.events.map(({ subject, reason }) => [subject, reason])).toEqual([['user^answer-3', 'the third']]);
    const records = await app.records();
    for (const event of [...one.events, ...two.events]) {
      expect(records.find(({ id }) => id === event.id)).toMatchObject(event);
    }
  });

  it('calls for the same assignment are one change and otherwise none', async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => assign('same')));
    expect(outcomes.filter(({ changed }) => changed)).toHaveLength(1);
    expect(await operationsOf(app, 'same')).toEqual(['created']);
  });

  describe('without holding or failing their neighbours', () => {
    it.each([
      ['a constraint', `ALTER TABLE casbin_rule ADD CONSTRAINT bad CHECK (v0 <> 'user^bad')`, 'bad'],
      [
        'an error of class 22',
        `ALTER TABLE casbin_rule ADD CONSTRAINT bad CHECK (v0 <> 'user^bad' OR 1 / (length(v0) - 8) > 0)`,
        'division by zero',
      ],
    ])('one bad key: %s', async (kind, constraint, complaint) => {
      await stranger.query(constraint);
      try {
        const bad = assign('bad').catch((error: unknown) => String(error));
        const neighbours = all(`beside-bad-${kind.length}`, 10, assign);
        expect(await bad).toContain(complaint);
        expect(await neighbours).toEqual(Array(10).fill(true));
      } finally {
        await stranger.query('ALTER TABLE casbin_rule DROP CONSTRAINT bad');
      }
      expect(await operationsOf(app, 'bad')).toEqual([]);
      for (const name of names(`beside-bad-${kind.length}`, 10))
        expect(await operationsOf(app, name)).toEqual(['created']);
    });

    it('one key that another transaction has locked, also for the calls that come while it is', async () => {
      await stranger.hold(
        `INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'user^locked', 'role^reader', '*')`,
      );
      let answered = false;
      const locked = assign('locked').finally(() => (answered = true));
      expect(await all('beside-locked', 10, assign)).toEqual(Array(10).fill(true));
      let again: Promise<{ changed: boolean }> | undefined;
      const later = (): Promise<unknown> => {
        again = assign('locked');
        return all('later', 10, assign);
      };
      expect(await statements.during(later, 'INSERT INTO')).toBe(1); // for those ten; it waits for the one before
      expect(answered).toBe(false);
      await stranger.release();
      const outcomes = [await locked, await again].map((outcome) => outcome?.changed);
      expect(outcomes.sort()).toEqual([false, true]);
      expect(await operationsOf(app, 'locked')).toEqual(['created']);
    });

    it('one key that another transaction has locked, when it is removed', async () => {
      await all('goes', 10, assign);
      await stranger.hold(`SELECT * FROM casbin_rule WHERE v0 = 'user^goes-3' FOR UPDATE`);
      const locked = remove('goes-3');
      const neighbours = names('goes', 10).filter((name) => name !== 'goes-3');
      expect((await Promise.all(neighbours.map(remove))).every(({ changed }) => changed)).toBe(true);
      await stranger.release();
      expect(await locked).toMatchObject({ changed: true });
      expect(await operationsOf(app, 'goes-3')).toEqual(['created', 'deleted']);
    });

    it('many calls for one locked key, which take one connection and not all of them', async () => {
      await stranger.hold(`INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'user^hot', 'role^reader', '*')`);
      const hot = Array.from({ length: 30 }, () => assign('hot'));
      await stranger.waitForBlocked('%INSERT INTO casbin_rule%');
      expect(await all('beside-hot', 10, assign)).toEqual(Array(10).fill(true));
      await stranger.release();
      expect((await Promise.all(hot)).filter(({ changed }) => changed)).toHaveLength(1);
    });

    it('a deadlock with another transaction', async () => {
      const insert = (name: string): string =>
        `INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('g', 'user^${name}', 'role^reader', '*')`;
      // Between its two rows our statement waits until the stranger waits for the first one; the second is the stranger's.
      await stranger.query(`
        CREATE FUNCTION meet() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN
            IF EXISTS (SELECT FROM pg_stat_activity WHERE pid = pg_backend_pid() AND query LIKE '%Grantlog%') THEN
              PERFORM pg_advisory_xact_lock_shared(7);
              WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))) LOOP
                PERFORM pg_stat_clear_snapshot();
              END LOOP;
            END IF;
            RETURN NEW;
          END $$;
        CREATE TRIGGER meet BEFORE INSERT ON casbin_rule FOR EACH ROW WHEN (NEW.v0 = 'user^dead-b') EXECUTE FUNCTION meet()`);
      const said = jest.spyOn(Logger.prototype, 'debug');
      const onlooker = await Stranger.connect(database.url);
      try {
        await stranger.hold(`SET LOCAL deadlock_timeout = '1min'; ${insert('dead-b')}`);
        const both = Promise.all([assign('dead-a'), assign('dead-b')]);
        const neighbours = all('beside-dead', 10, assign);
        await untilSo(async () => {
          const held = await onlooker.query(`SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 7`);
          return held.length > 0;
        });
        await stranger.query(`${insert('dead-a')} ON CONFLICT DO NOTHING`); // our second attempt may be faster
        expect(await neighbours).toEqual(Array(10).fill(true));
        // A machine too busy to look for the deadlock within 50 ms ends the wait for the lock instead.
        expect(said.mock.calls).toEqual([[expect.stringMatching(/refused \((40P01|55P03)\)/)]]);
        await stranger.release();
        await onlooker.query('DROP TRIGGER meet ON casbin_rule');
        expect((await both).map(({ changed }) => changed)).toEqual([true, true]);
      } finally {
        said.mockRestore();
        await stranger.release();
        await onlooker.query('DROP FUNCTION meet CASCADE');
        await onlooker.end();
      }
      for (const name of ['dead-a', 'dead-b']) expect(await operationsOf(app, name)).toEqual(['created']);
    });
  });

  it('a connection cut in the middle of a shared statement leaves everybody in it with an unknown outcome', async () => {
    await stranger.hold('LOCK TABLE casbin_rule IN SHARE MODE');
    const outcomes = names('cut', 10).map((name) => assign(name).catch((error: unknown) => error));
    const [pid] = await stranger.waitForBlocked('%INSERT INTO casbin_rule%');
    const later = all('after-cut', 10, assign); // gathers while the connection is being cut
    await stranger.query('SELECT pg_terminate_backend($1)', [pid]);
    for (const outcome of await Promise.all(outcomes)) expect(outcome).toBeInstanceOf(OutcomeUnknownError);
    await stranger.release();
    expect(await later).toEqual(Array(10).fill(true));
    expect(await all('cut', 10, assign)).toEqual(Array(10).fill(true)); // repeating is safe
    for (const name of names('cut', 10)) expect(await operationsOf(app, name)).toEqual(['created']);
  });

  it('never a statement with calls inside a transaction, which may still roll back', async () => {
    const rolledBack = app.dataSource.transaction(async (manager) => {
      const inside = app.assignments.assign(reader('inside'), { manager });
      expect(await all('outside', 10, assign)).toEqual(Array(10).fill(true));
      await inside;
      throw new Error('no');
    });
    await expect(rolledBack).rejects.toThrow('no');
    expect(await operationsOf(app, 'inside')).toEqual([]);
    expect(await operationsOf(app, 'outside-9')).toEqual(['created']);
  });

  it('a rule that the table stores otherwise than it was given is answered, recorded and granted as stored, or refused', async () => {
    await stranger.query(`
      CREATE FUNCTION lower_names() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.v0 := lower(NEW.v0); RETURN NEW; END $$;
      CREATE TRIGGER lower_names BEFORE INSERT ON casbin_rule FOR EACH ROW EXECUTE FUNCTION lower_names()`);
    try {
      const [one, two] = await Promise.all(['ANN', 'BEN'].map((name) => app.assignments.assign(reader(name))));
      expect([one, two].map((answer) => answer?.events[0]?.subject)).toEqual(['user^ann', 'user^ben']);
      expect(one?.events[0]?.details.rule).toEqual(['user^ann', 'role^reader', '*']);
      expect([await mayRead(app, 'ann'), await mayRead(app, 'ANN')]).toEqual([true, false]);
      await expect(app.assignments.assign(names('MANY', 300).map((name) => reader(name)))).rejects.toThrow(
        'null value',
      );
    } finally {
      await stranger.query('DROP FUNCTION lower_names CASCADE');
    }
    expect(await operationsOf(app, 'ann')).toEqual(['created']);
    expect((await rulesIn(app.dataSource)).flat().filter((value) => value.includes('many'))).toEqual([]);
  });

  it('one call with 300 assignments, which is too large to share, beside smaller ones', async () => {
    const many = (prefix: string, count: number): RoleAssignment[] => names(prefix, count).map((name) => reader(name));
    const results = await Promise.all([
      app.assignments.assign(many('three-hundred', 300)),
      app.assignments.assign(reader('beside-many')),
      app.assignments.assign(many('hundred', 100)),
    ]);
    expect(results.map(({ events }) => events.length)).toEqual([300, 1, 100]);
    const removed = await Promise.all([
      app.assignments.remove(many('three-hundred', 300)),
      app.assignments.remove(many('hundred', 100)),
    ]);
    expect(removed.map(({ events }) => events.length)).toEqual([300, 100]);
    expect((await rulesIn(app.dataSource)).flat().filter((value) => value.includes('hundred'))).toEqual([]);
  });
});
