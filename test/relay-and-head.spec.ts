import { Cluster } from './support/cluster';
import { reader } from './support/facts';
import { Stranger } from './support/stranger';

describe('the relay takes from the outbox behind the head of the log', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.create();
  });
  afterEach(() => cluster.end());

  it('a log that has lost its head loses no event', async () => {
    const app = await cluster.start();
    await app.records();
    const [head] = await app.dataSource.query<{ seq: string }[][]>('DELETE FROM audit_head RETURNING seq');
    await app.assignments.assign(reader(1));
    await expect(app.relay.drained()).rejects.toThrow('audit_head is empty');
    await app.dataSource.query('INSERT INTO audit_head (seq, recorded_at) VALUES ($1, now())', [head?.[0]?.seq]);
    expect((await app.records()).map(({ subject }) => subject)).toEqual(['user^1']);
  });

  it('what is committed after it found the outbox empty is left for a round that holds the head: no deadlock of two', async () => {
    const app = await cluster.start();
    await app.records();
    const [writer, holder] = [
      await Stranger.connect(cluster.database.url),
      await Stranger.connect(cluster.database.url),
    ];
    try {
      await writer.hold('LOCK audit_outbox IN SHARE MODE');
      const round = app.relay.drained();
      await writer.waitForBlocked('%DELETE FROM audit_outbox%');
      await writer.query(
        `INSERT INTO audit_outbox (type, operation, outcome, subject, operation_id, details) VALUES
           ('policy.created', 'created', 'success', 'role^late', gen_random_uuid(), '{"ptype": "p", "rule": ["role^late"]}')`,
      );
      await holder.stopRecording();
      await writer.query('COMMIT');
      await round; // it took nothing, or it would wait for the head that the holder has
      await holder.release();
      expect((await app.records()).map(({ subject }) => subject)).toEqual(['role^late']);
    } finally {
      await writer.end();
      await holder.end();
    }
  });
});
