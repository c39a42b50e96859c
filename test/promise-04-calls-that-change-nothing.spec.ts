import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { atRest, letReadersRead, mayRead, reader, readerRule } from './support/facts';
import { Stranger } from './support/stranger';
import { untilSo } from './support/until';

const rounds = 5;

describe('after a call that found nothing to change, because another node was faster, enforce() agrees with its answer', () => {
  let cluster: Cluster;
  let left: TestApp;
  let right: TestApp;
  beforeAll(async () => {
    cluster = await Cluster.create();
    const grantlog = { notifications: false, listeners: false } as const; // so that a node learns of others by looking alone
    left = await cluster.start({ grantlog });
    right = await cluster.start({ grantlog });
    await letReadersRead(left);
    await atRest(left, right);
  });
  afterAll(() => cluster.end());

  /** Has `left` change something until `right` had not seen it in as many rounds, and gives what the calls of `right` answer. */
  async function whileBehind(
    prefix: string,
    isGrant: boolean,
    call: (name: string) => Promise<unknown>,
  ): Promise<unknown[]> {
    const answers: unknown[] = [];
    for (let n = 0; answers.length < rounds; n += 1) {
      const name = `${prefix}-${n}`;
      if (!isGrant) {
        await left.assignments.assign(reader(name));
        await right.enforcer.caughtUp();
      }
      await left.assignments[isGrant ? 'assign' : 'remove'](reader(name));
      if ((await mayRead(right, name)) === isGrant) continue; // it has just looked
      answers.push(await call(name));
      expect(await mayRead(right, name)).toBe(isGrant);
    }
    return answers;
  }

  const removals: Record<string, (name: string) => Promise<unknown>> = {
    remove: async (name) => (await right.assignments.remove(reader(name))).changed,
    removeAll: async (name) => (await right.assignments.removeAll({ subject: `user^${name}` })).changed,
    removeGroupingPolicy: (name) => right.enforcer.removeGroupingPolicy(...readerRule(name)),
    removeGroupingPolicies: (name) => right.enforcer.removeGroupingPolicies([readerRule(name)]),
    removeFilteredGroupingPolicy: (name) => right.enforcer.removeFilteredGroupingPolicy(0, `user^${name}`),
    updateGroupingPolicy: (name) => right.enforcer.updateGroupingPolicy(readerRule(name), readerRule(`${name}-other`)),
    deleteRoleForUser: (name) => right.enforcer.deleteRoleForUser(`user^${name}`, 'role^reader', '*'),
    deleteRolesForUser: (name) => right.enforcer.deleteRolesForUser(`user^${name}`),
    deleteUser: (name) => right.enforcer.deleteUser(`user^${name}`),
  };
  const grants: Record<string, (name: string) => Promise<unknown>> = {
    assign: async (name) => (await right.assignments.assign(reader(name))).changed,
    addGroupingPolicy: (name) => right.enforcer.addGroupingPolicy(...readerRule(name)),
    addGroupingPolicies: (name) => right.enforcer.addGroupingPolicies([readerRule(name)]),
    addGroupingPoliciesEx: (name) => right.enforcer.addGroupingPoliciesEx([readerRule(name)]),
    addRoleForUser: (name) => right.enforcer.addRoleForUser(`user^${name}`, 'role^reader', '*'),
  };

  it.each(Object.entries(removals))('what is revoked is denied: %s', async (name, call) => {
    const answers = await whileBehind(name, false, call);
    expect(answers).toEqual(answers.map(() => false));
  });

  it.each(Object.entries(grants))('what is granted is allowed: %s', async (name, call) => {
    const answers = await whileBehind(name, true, call);
    expect(answers).toEqual(answers.map(() => false));
  });

  it('also of a batch that found a part of its rules', async () => {
    await whileBehind('part', true, async (name) => {
      expect((await right.assignments.assign([reader(name), reader(`${name}-too`)])).changed).toBe(true);
      expect(await mayRead(right, `${name}-too`)).toBe(true);
    });
  });

  it('and calls that share its statement are answered while memory cannot look', async () => {
    const names = ['first', 'gone', 'second', 'third'];
    await left.assignments.assign(names.map((name) => reader(name)));
    await right.enforcer.caughtUp();
    const stranger = await Stranger.connect(cluster.database.url);
    try {
      await stranger.hold('LOCK TABLE audit_head IN ACCESS EXCLUSIVE MODE'); // looks wait; changes do not need it
      await left.assignments.remove(reader('gone'));
      const answered: string[] = [];
      const calls = names.map((name) => right.assignments.remove(reader(name)).finally(() => answered.push(name)));
      await untilSo(() => answered.length >= 3);
      expect(answered.slice(0, 3)).toEqual(['first', 'second', 'third']);
      await stranger.release();
      expect((await Promise.all(calls)).map(({ changed }) => changed)).toEqual([true, false, true, true]);
      await untilSo(async () => !(await mayRead(right, 'gone')));
    } finally {
      await stranger.end();
    }
  });
});
