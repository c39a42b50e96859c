import EventEmitter2 from 'eventemitter2';
import { CachedEnforcer, Enforcer, EnforceContext, SyncedEnforcer } from 'casbin';
import { type AuthorizationDecision, type DecisionOptions, type EnforcerClass, runAs } from 'grantlog';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { letReadersRead, reader } from './support/facts';
import { HttpCaller, LetsPass } from './support/http';
import { untilSo } from './support/until';

const decided = 'authorization.decided';
const question = ['user^ann', 'act^read', '*'] as const;

let cluster: Cluster;
let app: TestApp;
let emitter: EventEmitter2;
let heard: AuthorizationDecision[];
beforeEach(async () => {
  cluster = await Cluster.create();
  emitter = new EventEmitter2({ wildcard: true });
  heard = [];
});
afterEach(() => {
  jest.restoreAllMocks();
  return cluster.end();
});

async function start(decisions: DecisionOptions | undefined, enforcerClass?: EnforcerClass): Promise<void> {
  app = await cluster.start({
    grantlog: { decisions, enforcerClass, listeners: { emitter }, http: { guards: [LetsPass] } },
  });
  await letReadersRead(app);
  await app.assignments.assign(reader('ann'));
}

/** EventEmitter2's typings know nothing of listeners that answer with a promise. */
const attend = (listener: (decision: AuthorizationDecision) => unknown): unknown =>
  emitter.on(decided, (decision: AuthorizationDecision) => listener(decision) as void);

const listen = (): unknown => emitter.on(decided, (decision: AuthorizationDecision) => void heard.push(decision));
const heardOf = (count: number): Promise<void> => untilSo(() => heard.length >= count);

describe.each<[string, EnforcerClass]>([
  ['Enforcer', Enforcer],
  ['CachedEnforcer', CachedEnforcer],
  ['SyncedEnforcer', SyncedEnforcer],
])('decisions of %s', (_name, enforcerClass) => {
  it('are told once each, whichever call asks for them', async () => {
    await start({ sample: 1 }, enforcerClass);
    listen();
    const { enforcer } = app;
    const matcher = 'g(r.sub, p.sub, r.scope) && r.act == p.act';
    const answers = [
      await enforcer.enforce(...question),
      await enforcer.enforce(...question),
      enforcer.enforceSync(...question),
      enforcer.enforceWithSyncCompile(...question),
      (await enforcer.enforceEx(...question))[0],
      enforcer.enforceExSync(...question)[0],
      await enforcer.enforceWithMatcher(matcher, ...question),
      (await enforcer.enforceExWithMatcher(matcher, ...question))[0],
      await enforcer.enforce(new EnforceContext('r', 'p', 'e', 'm'), ...question),
      ...(await enforcer.batchEnforce([[...question], ['user^bob', 'act^read', '*']])),
    ];
    await heardOf(answers.length);
    const [asked, others] = [heard.filter(({ subject }) => subject === 'user^ann'), answers.slice(0, -1)];
    expect(asked.map(({ allowed }) => allowed)).toEqual(others);
    expect(asked.map(({ request }) => request.join())).toEqual(others.map(() => question.join()));
    expect(heard.filter((one) => !asked.includes(one))).toEqual([expect.objectContaining({ allowed: false })]);
    expect(heard.filter(({ rule }) => rule !== null).map(({ rule }) => rule)).toEqual(
      Array(3).fill(['role^reader', 'act^read', '*']),
    );
    expect(new Set(heard.map(({ id }) => id)).size).toBe(answers.length);
  });
});

describe('a decision', () => {
  it('says who acted in which request, who was asked about, and what was decided', async () => {
    await start({ sample: 1 });
    listen();
    const caller = await HttpCaller.of(app, { 'x-request-id': 'request-1' });
    await caller.get('/authz/enforce?subject=user^ann&action=act^write&scope=lib^1');
    await heardOf(1);
    expect(heard).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        occurredAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        actor: 'user^7',
        subject: 'user^ann',
        action: 'act^write',
        scope: 'lib^1',
        request: ['user^ann', 'act^write', 'lib^1'],
        allowed: false,
        rule: null,
        requestId: 'request-1',
      },
    ]);
    expect(Object.isFrozen(heard[0])).toBe(true);
  });

  it('leaves no record, and reads nothing of an object that was asked about', async () => {
    await start({ sample: 1 });
    listen();
    const before = (await app.records()).length;
    const trap = new Proxy({}, { getPrototypeOf: () => Object.prototype });
    await app.enforcer.enforce(trap, 'act^read', 7);
    await heardOf(1);
    expect(heard[0]).toMatchObject({ subject: null, action: 'act^read', scope: null });
    expect(heard[0]?.request).toEqual(['(object)', 'act^read', '7']);
    expect((await app.records()).length).toBe(before);
  });

  it('is not told of a call that fails', async () => {
    await start({ sample: 1 });
    listen();
    await expect(app.enforcer.enforce('user^ann')).rejects.toThrow('invalid request size');
    await app.enforcer.enforce(...question);
    await heardOf(1);
    expect(heard.map(({ request }) => request.length)).toEqual([3]);
  });
});

describe('without the option', () => {
  it('the enforcer is left as it is, and nothing is told', async () => {
    await start(undefined);
    listen();
    for (const call of ['enforce', 'enforceEx', 'enforceSync', 'enforceWithMatcher']) {
      expect([call, Object.hasOwn(app.enforcer, call)]).toEqual([call, false]);
    }
    await app.enforcer.enforce(...question);
    await new Promise(setImmediate);
    expect(heard).toEqual([]);
    expect((await app.health.report()).decisions).toBeNull();
  });

  it.each([0, -1, 1.5, Number.NaN, 'all'])('a share of %s is refused', async (sample) => {
    await expect(start({ sample: sample as number })).rejects.toThrow(/decisions\.sample/);
  });
});

describe('sampling', () => {
  it('draws each decision by itself, and makes nothing of those that are not drawn', async () => {
    await start({ sample: 0.25 });
    listen();
    const draws = [0.1, 0.25, 0.9, 0.2499, 0.5];
    const drawn = jest.spyOn(Math, 'random').mockImplementation(() => draws.shift() ?? 1);
    const clock = jest.spyOn(Date.prototype, 'toISOString');
    for (const user of ['a', 'b', 'c', 'd', 'e']) await app.enforcer.enforce(`user^${user}`, 'act^read', 'lib^1');
    drawn.mockRestore();
    await heardOf(2);
    expect(heard.map(({ subject }) => subject)).toEqual(['user^a', 'user^d']);
    expect(clock).toHaveBeenCalledTimes(2);
  });
});

describe('a listener', () => {
  it('that throws, rejects or hangs keeps neither the answer nor the other listeners waiting, and health says so', async () => {
    await start({ sample: 1, timeLimit: 20 });
    attend(() => {
      throw new Error('no disk');
    });
    attend(() => Promise.reject(new Error('no network')));
    attend(() => new Promise(() => undefined));
    listen();
    emitter.onAny((event, decision: AuthorizationDecision) => event === decided && heard.push(decision));
    emitter.on('authorization.*', (decision: AuthorizationDecision) => void heard.push(decision));
    expect(await app.enforcer.enforce(...question)).toBe(true);
    await heardOf(3);
    await untilSo(async () => (await app.health.report()).decisions?.failed === 3);
    const { status, problems } = await app.health.report();
    expect(status).toBe('yellow');
    expect(problems).toEqual([expect.stringMatching(/3 decisions were not taken.*did not settle within 20 ms/)]);
  });

  it('that is too slow loses what there is no room for, which is counted', async () => {
    await start({ sample: 1, maxWaiting: 10 });
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    attend(async (decision: AuthorizationDecision) => {
      await held;
      heard.push(decision);
    });
    for (let asked = 0; asked < 100; asked += 1) await app.enforcer.enforce(...question);
    const { decisions } = await app.health.report();
    expect(decisions?.dropped).toBeGreaterThanOrEqual(89); // one may have been taken from the ten that wait
    release();
    await heardOf(100 - (decisions?.dropped ?? 0));
    expect((await app.health.report()).decisions).toMatchObject({ taken: heard.length, dropped: 100 - heard.length });
  });

  it('acts in no request, and what it asks the enforcer is not told', async () => {
    await start({ sample: 1 });
    attend(async (decision: AuthorizationDecision) => {
      await app.enforcer.enforce('user^asked-by-listener', 'act^read', 'lib^1');
      await app.assignments.assign(reader('promoted'));
      heard.push(decision);
    });
    await runAs('user^zoe', () => app.enforcer.enforce(...question));
    await heardOf(1);
    expect(heard).toEqual([expect.objectContaining({ actor: 'user^zoe', subject: 'user^ann' })]);
    expect((await app.records()).at(-1)).toMatchObject({ subject: 'user^promoted', actor: null });
    expect((await app.health.report()).decisions).toMatchObject({ taken: 1 });
  });

  it('hears no more than it asked for, and nothing after it was taken off, whatever waits', async () => {
    await start({ sample: 1 });
    const [once, gone]: AuthorizationDecision[][] = [[], []];
    emitter.once(decided, (decision: AuthorizationDecision) => void once?.push(decision));
    const leaving = (decision: AuthorizationDecision): void => {
      gone?.push(decision);
      emitter.off(decided, leaving);
    };
    emitter.on(decided, leaving);
    listen();
    for (let asked = 0; asked < 5; asked += 1) app.enforcer.enforceSync(...question); // all wait before one is told
    await heardOf(5);
    expect([once?.length, gone?.length]).toEqual([1, 1]);
    expect((await app.health.report()).decisions).toMatchObject({ taken: 7, dropped: 0, failed: 0 });
  });

  it('hears nothing after the app has closed', async () => {
    await start({ sample: 1 });
    listen();
    const { enforcer } = app;
    await cluster.close(app);
    await enforcer.enforce(...question);
    await new Promise(setImmediate);
    expect(heard).toEqual([]);
  });
});
