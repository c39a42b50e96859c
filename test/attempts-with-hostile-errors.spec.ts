import { Attempts, GrantlogError, type RoleAssignment } from 'grantlog';
import type { TestApp } from './support/app';
import { attemptsOf } from './support/attempts';
import { Cluster } from './support/cluster';
import { reader } from './support/facts';

const no = (): never => {
  throw new TypeError('no');
};
const revoked = <T extends object>(target: T): T => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};

/** Errors that cannot be read, or not wholly, and what is told of each. */
const hostile: [string, unknown, string, string][] = [
  ['a message that throws', Object.defineProperty(new Error(), 'message', { get: no }), 'Error', ''],
  ['a name that throws', Object.defineProperty(new Error('readable'), 'name', { get: no }), 'UNKNOWN', 'readable'],
  ['a code that throws', Object.defineProperty(new Error('readable'), 'code', { get: no }), 'UNKNOWN', 'readable'],
  ['a prototype that throws', new Proxy(new Error('hidden'), { getPrototypeOf: no }), 'UNKNOWN', ''],
  ['nothing that can be touched', revoked(new Error('hidden')), 'UNKNOWN', ''],
  ['a frozen GrantlogError', Object.freeze(new GrantlogError('TIME_LIMIT', 'cold')), 'TIME_LIMIT', 'cold'],
  ['nothing at all', null, 'UNKNOWN', ''],
];

/** What a call ends with, and not a promise of it: a Proxy is no error that `expect().rejects` could look at. */
async function endOf(call: () => Promise<unknown>): Promise<{ thrown: unknown } | undefined> {
  try {
    await call();
    return undefined;
  } catch (thrown) {
    return { thrown };
  }
}

describe('an attempt that ends in an error which cannot be read leaves a record', () => {
  let cluster: Cluster;
  let app: TestApp;
  beforeAll(async () => {
    cluster = await Cluster.create();
    app = await cluster.start({ grantlog: { attempts: true } });
  });
  afterAll(() => cluster.end());

  /** The one error that was recorded while `work` ran. */
  async function told(work: () => unknown): Promise<unknown> {
    const before = (await attemptsOf(app)).length;
    await work();
    const [record, ...others] = (await attemptsOf(app)).slice(before);
    expect(others).toEqual([]);
    return record?.details.error;
  }

  it.each(hostile)('when a host gives it one with %s', async (_, error, code, message) => {
    const ids: unknown[] = [];
    const recorded = await told(() => ids.push(app.nest.get(Attempts).denied('created', reader(1), { error })));
    expect(recorded).toEqual({ code, message });
    expect(ids).toEqual([expect.any(String)]);
  });

  it.each(hostile)('and the caller gets its own error, of %s', async (_, error, code, message) => {
    let end: { thrown: unknown } | undefined;
    const recorded = await told(() =>
      app.dataSource.transaction(async (manager) => {
        Object.defineProperty(manager, 'query', { value: () => Promise.reject(error as Error) });
        end = await endOf(() => app.assignments.assign(reader(2), { manager }));
      }),
    );
    expect(end !== undefined && Object.is(end.thrown, error)).toBe(true);
    expect(recorded).toEqual({ code, message });
  });

  it('when the assignments themselves cannot be touched', async () => {
    const assignments = revoked([reader(3)]) as RoleAssignment[];
    expect(await told(() => app.nest.get(Attempts).denied('deleted', assignments))).toMatchObject({ code: 'DENIED' });
    const end: unknown[] = [];
    expect(await told(async () => end.push(await endOf(() => app.assignments.assign(assignments))))).toMatchObject({
      code: expect.any(String),
    });
    expect(end).toEqual([{ thrown: expect.any(Error) }]);
  });
});
