import { Logger } from '@nestjs/common';
import { NotCaughtUpError } from 'grantlog';
import { startApp } from './support/app';
import { connect, createDatabase } from './support/database';
import { Stranger } from './support/stranger';
import { until } from './support/until';

describe('closing the app', () => {
  it('records what is committed before it ends', async () => {
    const database = await createDatabase();
    const app = await startApp({ url: database.url });
    const assignments = Array.from({ length: 3_000 }, (_, at) => ({
      subject: `user^${at}`,
      role: 'role^reader',
      scope: 'lib^a',
    }));
    await app.assignments.assign(assignments);
    await app.close();
    const after = await connect(database.url);
    const [counts] = await after.query<{ outbox: number; records: number; free: boolean }[]>(
      `SELECT (SELECT count(*)::int FROM audit_outbox) AS outbox, (SELECT count(*)::int FROM audit_record) AS records,
         (SELECT bool_and(lease_until = '-infinity') FROM audit_follower) AS free`,
    );
    expect(counts).toEqual({ outbox: 0, records: 3_000, free: true });
    await after.destroy();
    await database.drop();
  });

  it('does not wait for ever for a log that is locked, and loses nothing by going', async () => {
    const database = await createDatabase();
    const app = await startApp({ url: database.url });
    const stranger = await Stranger.connect(database.url);
    await stranger.stopRecording();
    await app.assignments.assign({ subject: 'user^1', role: 'role^reader', scope: 'lib^a' });
    await app.close();
    await stranger.release();
    const again = await startApp({ url: database.url });
    expect(await again.records()).toHaveLength(1);
    await again.close();
    await stranger.end();
    await database.drop();
  }, 60_000);

  it('is no error of the rounds that the closed DataSource cuts off', async () => {
    const database = await createDatabase();
    const app = await startApp({ url: database.url });
    const stranger = await Stranger.connect(database.url);
    await stranger.hold('LOCK TABLE audit_outbox IN ACCESS EXCLUSIVE MODE');
    await stranger.waitForBlocked('%DELETE FROM audit_outbox%'); // the relay
    await stranger.waitForBlocked('%READ ONLY%audit_outbox%'); // memory
    const next = [app.relay.drained(), app.enforcer.loadPolicy()]; // of the rounds after the ones that are cut off
    const errors = jest.spyOn(Logger.prototype, 'error');
    await app.close();
    await Promise.allSettled(next);
    expect(errors).not.toHaveBeenCalled();
    errors.mockRestore();
    await stranger.end();
    await database.drop();
  }, 60_000);

  it('ends the waits for memory, and their timers', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const database = await createDatabase();
    const app = await startApp({ url: database.url });
    const before = timers();
    const waits = ['xid:99999999', 'xid:99999998'].map((token) => app.enforcer.caughtUp(token, { timeout: 600_000 }));
    const outcomes = Promise.allSettled(waits);
    expect(timers()).toBeGreaterThanOrEqual(before + waits.length);
    await app.close();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(NotCaughtUpError) });
    }
    await until(timers, (left) => left <= before);
    await database.drop();
  });

  it('leaves neither a timer nor a subscriber behind', async () => {
    const database = await createDatabase();
    const app = await startApp({ url: database.url });
    expect(app.dataSource.subscribers).toHaveLength(1);
    await app.close();
    expect(app.dataSource.subscribers).toHaveLength(0);
    expect(app.dataSource.isInitialized).toBe(false);
    await database.drop();
  });
});
