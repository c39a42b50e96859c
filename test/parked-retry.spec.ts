import EventEmitter2 from 'eventemitter2';
import { type AuditRecord, type ListenerOptions } from 'grantlog';
import { type TestApp } from './support/app';
import { cli } from './support/cli';
import { Cluster } from './support/cluster';
import { reader } from './support/facts';
import { until, untilSo } from './support/until';

describe('asking on the command line for a parked record to be delivered', () => {
  let cluster: Cluster;
  let url: string;
  beforeEach(async () => {
    cluster = await Cluster.create();
    ({ url } = cluster.database);
  });
  afterEach(() => cluster.end());

  /** A node that hears on an emitter of its own. */
  const listening = (emitter: EventEmitter2, options: Omit<ListenerOptions, 'emitter'> = {}): Promise<TestApp> =>
    cluster.start({ grantlog: { listeners: { emitter, backoff: 1, maxAttempts: 1, ...options } } });

  const json = async (...args: string[]) => JSON.parse((await cli(url, [...args, '--json'])).stdout);
  const parked = async () => (await json('parked', 'list')).items;

  /** A node whose listener takes nothing, with so many records that are parked. */
  async function refusing(count: number, options?: Omit<ListenerOptions, 'emitter'>) {
    const emitter = new EventEmitter2({ wildcard: true });
    const heard: string[] = [];
    const listener = { takes: false };
    emitter.on('role_assignment.*', ({ seq }: AuditRecord) => {
      heard.push(seq);
      if (!listener.takes) throw new Error(`not ${seq}`);
    });
    const app = await listening(emitter, options);
    await until(
      () => app.followers.health(),
      (followers) => followers.length === 1,
    );
    for (let user = 1; user <= count; user += 1) await app.assignments.assign(reader(user));
    await app.records();
    await until(parked, (items) => items.length === count);
    return { app, heard, listener };
  }

  it('the running app delivers it, and it is parked no longer', async () => {
    const { heard, listener } = await refusing(2);
    listener.takes = true;
    const [second, first] = await parked();
    expect(first).toMatchObject({ seq: '1', attempts: 1, lastError: expect.stringContaining('not 1') });
    const { code, stdout } = await cli(url, ['parked', 'retry', first.id]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('asked for') });
    expect(await until(parked, (items) => items.length < 2)).toEqual([second]);
    expect(heard).toEqual(['1', '2', '1']);
  });

  it('one that is refused again stays parked, with the new error, and is not tried again by itself', async () => {
    const { app, heard } = await refusing(1);
    const [{ id }] = await parked();
    await cli(url, ['parked', 'retry', id]);
    const [still] = await until(parked, ([item]) => item.attempts === 2);
    expect(still).toMatchObject({ id, lastError: expect.stringContaining('not 1') });
    await app.followers.settled();
    await app.followers.settled();
    expect(heard).toEqual(['1', '1']);
  });

  it('is done by the one node that delivers, however many there are and however often it was asked for', async () => {
    const { app, heard, listener } = await refusing(3);
    const others = [new EventEmitter2({ wildcard: true }), new EventEmitter2({ wildcard: true })];
    const elsewhere: string[] = [];
    for (const emitter of others) {
      emitter.on('role_assignment.*', ({ seq }: AuditRecord) => elsewhere.push(seq));
      await listening(emitter);
    }
    listener.takes = true;
    const items = await parked();
    await Promise.all([...items, ...items].map(({ id }) => cli(url, ['parked', 'retry', id])));
    await until(parked, (left) => left.length === 0);
    await app.followers.settled();
    expect(new Set([...heard.slice(3), ...elsewhere])).toEqual(new Set(['1', '2', '3']));
    expect(elsewhere).toEqual([]); // the lease is with the first node
  });

  it('waits for an app that is not running now', async () => {
    const { app } = await refusing(1);
    await cluster.close(app);
    const [{ id }] = await parked();
    expect((await cli(url, ['parked', 'retry', id])).code).toBe(0);
    const emitter = new EventEmitter2({ wildcard: true });
    const heard = new Promise<AuditRecord>((resolve) => emitter.on('role_assignment.created', resolve));
    await listening(emitter);
    expect((await heard).seq).toBe('1');
    await until(parked, (items) => items.length === 0);
  });

  it('does not wait for a record that is being tried again with pauses', async () => {
    const { app, listener } = await refusing(1, { maxAttempts: 2, backoff: 1 });
    await app.dataSource.query(`UPDATE audit_follower SET next_attempt_at = 'infinity'`);
    listener.takes = true;
    const [{ id }] = await parked();
    await cli(url, ['parked', 'retry', id]);
    await until(parked, (items) => items.length === 0);
  });

  it('wakes the app by a word, so that it does not wait for its next look', async () => {
    const { app, listener } = await refusing(1);
    listener.takes = true;
    const [{ id }] = await parked();
    const wake = jest.spyOn(app.followers, 'wake');
    const { length } = wake.mock.calls;
    await cli(url, ['parked', 'retry', id]);
    await untilSo(() => wake.mock.calls.length > length);
    wake.mockRestore();
  });

  it('names what is not parked', async () => {
    const { code, stdout, stderr } = await cli(url, ['parked', 'retry', '7']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('run `grantlog migrate` first');
    await cluster.start();
    expect(await cli(url, ['parked', 'retry', '7'])).toMatchObject({
      code: 1,
      stderr: 'grantlog: There is no parked record 7; it may have been delivered meanwhile.\n',
    });
    expect((await cli(url, ['parked', 'list'])).stdout).toMatch(/^id +follower/);
  });
});
