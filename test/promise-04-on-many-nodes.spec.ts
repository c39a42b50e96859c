import type { EntityManager } from 'typeorm';
import { InvalidInputError, NotCaughtUpError, type RoleAssignmentChange } from 'grantlog';
import { MemorySweep } from '../libs/grantlog/src/memory/memory-sweep';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { letReadersRead, mayRead, reader } from './support/facts';
import { Stranger } from './support/stranger';
import { untilSo } from './support/until';

describe('memory follows commits on every node', () => {
  let cluster: Cluster;
  let left: TestApp;
  let right: TestApp;
  let stranger: Stranger;
  beforeAll(async () => {
    cluster = await Cluster.create();
    left = await cluster.start();
    right = await cluster.start();
    stranger = await Stranger.connect(cluster.database.url);
    await letReadersRead(left);
    await right.enforcer.caughtUp();
  });
  afterEach(() => stranger.release());
  afterAll(async () => {
    await stranger.end();
    await cluster.end();
  });

  /** Ends the connections of every node. */
  const cutEverybodyOff = (): Promise<unknown> =>
    stranger.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );

  describe('caughtUp()', () => {
    it('with the token of a change, which any node may be given, waits until that node shows it', async () => {
      for (let n = 0; n < 20; n += 1) {
        const { token } = await left.assignments.assign(reader('told'));
        await right.enforcer.caughtUp(token);
        expect(await mayRead(right, 'told')).toBe(true);
        const removal = await left.assignments.removeAll({ subject: 'user^told' });
        await right.enforcer.caughtUp(removal.token);
        expect(await mayRead(right, 'told')).toBe(false);
      }
    });

    it('without a token waits for everything that is committed', async () => {
      for (let n = 0; n < 20; n += 1) {
        await left.enforcer.addGroupingPolicy(...Object.values(reader(`any-${n}`)));
        await right.enforcer.caughtUp();
        expect(await mayRead(right, `any-${n}`)).toBe(true);
      }
    });

    it('with the token of a call that changed nothing shows what that call has found', async () => {
      await left.assignments.assign(reader('found'));
      const { changed, token } = await left.assignments.assign(reader('found'));
      expect(changed).toBe(false);
      await right.enforcer.caughtUp(token);
      expect(await mayRead(right, 'found')).toBe(true);
    });

    it("waits for a caller's transaction to commit", async () => {
      let waiting: Promise<void> | undefined;
      await left.dataSource.transaction(async (manager) => {
        const { token } = await left.assignments.assign(reader('later'), { manager });
        waiting = right.enforcer.caughtUp(token);
        await right.enforcer.caughtUp();
        expect(await mayRead(right, 'later')).toBe(false);
      });
      await waiting;
      expect(await mayRead(right, 'later')).toBe(true);
    });

    it('does not wait for a transaction that was rolled back', async () => {
      const { token } = await rolledBack((manager) => left.assignments.assign(reader('never'), { manager }));
      await Promise.all([left.enforcer.caughtUp(token), right.enforcer.caughtUp(token)]);
      expect([await mayRead(left, 'never'), await mayRead(right, 'never')]).toEqual([false, false]);
    });

    it('gives up after the timeout, and says what is in the way', async () => {
      const work = left.dataSource.transaction(async (manager) => {
        const { token } = await left.assignments.assign(reader('impatient'), { manager });
        await left.enforcer.caughtUp(token, { timeout: 30 });
      });
      await expect(work).rejects.toThrow(NotCaughtUpError);
      await expect(work).rejects.toThrow('the transaction of the token has not ended');
    });

    it.each([NaN, Infinity, -1, 0, 2 ** 31])('refuses to wait for %d ms', async (timeout) => {
      const { token } = await left.assignments.assign(reader('shown'));
      for (const given of [undefined, token]) {
        const error: unknown = await left.enforcer.caughtUp(given, { timeout }).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(InvalidInputError);
        expect(error).toMatchObject({ field: 'timeout' });
      }
    });

    it('may wait as long as a timer can', async () => {
      await left.enforcer.caughtUp(undefined, { timeout: 2 ** 31 - 1 });
    });

    it.each(['', 'xid:', 'xid:1;', '42'])('refuses %j, which is no token', async (token) => {
      await expect(left.enforcer.caughtUp(token)).rejects.toThrow(/^token: must be the token/);
    });
  });

  it('after an assignment or a removal that another node was faster with, enforce() shows it at once', async () => {
    for (let n = 0; n < 20; n += 1) {
      await left.assignments.assign(reader('faster'));
      expect((await right.assignments.assign(reader('faster'))).changed).toBe(false);
      expect(await mayRead(right, 'faster')).toBe(true);
      await left.assignments.remove(reader('faster'));
      expect((await right.assignments.remove(reader('faster'))).changed).toBe(false);
      expect(await mayRead(right, 'faster')).toBe(false);
    }
  });

  it('nodes tell each other of a change when it is recorded, and do not wait for the next look', async () => {
    const wake = jest.spyOn(MemorySweep.prototype, 'wake');
    try {
      await left.assignments.assign(reader('heard'));
      await untilSo(() => wake.mock.calls.length > 0); // by the node that did not make the change; looks of its own do not count
    } finally {
      wake.mockRestore();
    }
  });

  it('a node shows everything that was committed before it started, from its first answer on', async () => {
    await left.assignments.assign(reader('early'));
    const late = await cluster.start();
    expect(await mayRead(late, 'early')).toBe(true);
    await cluster.close(late);
  });

  it('a load holds nobody up: what is revoked meanwhile is denied while it runs, and after it', async () => {
    await left.assignments.assign(reader('revoked'));
    await right.enforcer.caughtUp();
    await stranger.hold('LOCK TABLE casbin_rule IN ACCESS EXCLUSIVE MODE');
    const load = right.enforcer.loadPolicy();
    await stranger.waitForBlocked('%FROM casbin_rule%');
    // As if the rule had been deleted while the load was reading other pages.
    const [{ id } = { id: '' }] = await left.dataSource.query<{ id: string }[]>(
      `INSERT INTO audit_outbox (type, operation, outcome, subject, operation_id, details)
       VALUES ('role_assignment.deleted', 'deleted', 'success', 'user^revoked', gen_random_uuid(), $1) RETURNING id`,
      [{ ptype: 'g', rule: Object.values(reader('revoked')) }],
    );
    await untilSo(async () => !(await mayRead(right, 'revoked')));
    await stranger.release();
    await load;
    expect(await mayRead(right, 'revoked')).toBe(false);
    expect((await left.records()).some((record) => record.id === id)).toBe(true);
    await left.dataSource.query(`DELETE FROM casbin_rule WHERE v0 = 'user^revoked'`);
  });

  it('a log that somebody has locked hides nothing: what was recorded just before is read from the table', async () => {
    await left.assignments.assign(reader('hidden'));
    await right.enforcer.caughtUp();
    await stranger.query('ALTER TABLE audit_head RENAME TO out_of_sight'); // nobody can look, and nobody can record
    await left.assignments.remove(reader('hidden'));
    await stranger.query('BEGIN');
    await stranger.query('ALTER TABLE out_of_sight RENAME TO audit_head');
    await stranger.query('UPDATE audit_head SET seq = seq + 1'); // as if it had been recorded
    await stranger.query('COMMIT');
    await stranger.hold('LOCK TABLE audit_record IN ACCESS EXCLUSIVE MODE');
    await untilSo(async () => !(await mayRead(right, 'hidden')));
    await left.assignments.assign(reader('seen'));
    await untilSo(() => mayRead(right, 'seen'));
    await stranger.release();
  });

  it('more changes at once than it pays to follow are read from the table', async () => {
    await stranger.query('ALTER TABLE audit_head RENAME TO out_of_sight');
    await left.assignments.assign(Array.from({ length: 25_000 }, (_, n) => reader(`many-${n}`)));
    expect(await mayRead(right, 'many-24999')).toBe(false);
    await stranger.query('ALTER TABLE out_of_sight RENAME TO audit_head');
    await right.enforcer.caughtUp();
    expect(await mayRead(right, 'many-24999')).toBe(true);
    await left.assignments.removeAll({ role: 'role^reader' });
    await right.enforcer.caughtUp();
    expect(await right.enforcer.getGroupingPolicy()).toEqual([]);
  }, 90_000);

  it('nodes that have lost their connections follow again', async () => {
    for (let n = 0; n < 5; n += 1) {
      await cutEverybodyOff();
      const assign = (): Promise<RoleAssignmentChange> => left.assignments.assign(reader(`cut-${n}`));
      const { token } = await assign().catch(assign); // repeating is safe
      await right.enforcer.caughtUp(token);
      expect(await mayRead(right, `cut-${n}`)).toBe(true);
    }
  });

  async function rolledBack<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    let result: T | undefined;
    const undo = new Error('undo');
    const transaction = left.dataSource.transaction(async (manager) => {
      result = await work(manager);
      throw undo;
    });
    await expect(transaction).rejects.toBe(undo);
    return result as T;
  }
});
