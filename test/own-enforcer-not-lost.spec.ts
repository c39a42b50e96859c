import {
  CachedEnforcer,
  DefaultRoleManager,
  Enforcer,
  newEnforcerWithClass,
  StringAdapter,
  SyncedEnforcer,
} from 'casbin';
import { audited, AuditedEnforcer, type EnforcerClass } from 'grantlog';
import { resolveOptions } from '../libs/grantlog/src/grantlog.options';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { mayRead, operationsOf, readerRule } from './support/facts';
import { scopedModel } from './support/models';

const policy = ['p, role^reader, act^read, *', 'g, user^ann, role^reader, *', 'g, user^bob, role^reader, lib^1'];
const build = <T extends Enforcer>(type: new () => T, ...lines: string[]): Promise<T> =>
  newEnforcerWithClass<T>(type, scopedModel(), new StringAdapter([...policy, ...lines].join('\n')));

/** Denies whom its field names, and asks its own rules. */
class Suspending extends Enforcer {
  suspended = new Set<string>();
  /** A name that the audited enforcer might have used itself. */
  memory = 'of the clinic';

  constructor() {
    super();
    this.isSuspended = this.isSuspended.bind(this); // as hosts do that hand methods around
  }

  isSuspended(name: unknown): boolean {
    return this.suspended.has(String(name));
  }

  override async enforce(...request: unknown[]): Promise<boolean> {
    return !this.isSuspended(request[0]) && super.enforce(...request);
  }
}

async function patched(change: (enforcer: Enforcer) => unknown): Promise<Enforcer> {
  const enforcer = await build(Enforcer);
  await change(enforcer);
  return enforcer;
}

describe('an enforcer that decides by more than its class and its rules', () => {
  it.each<[string, () => Promise<Enforcer>, RegExp]>([
    [
      'a method set on the object',
      () => patched((own) => Object.assign(own, { enforce: () => Promise.resolve(false) })),
      /^enforcer: has its enforce\(\) set on the object, .*overriding the method/,
    ],
    [
      'a Proxy around it',
      async () => new Proxy(await build(Enforcer), {}),
      /^enforcer: is a Proxy, .*overriding the method/,
    ],
    [
      'a role manager with a method set on it',
      () => patched((own) => Object.assign(own.getRoleManager(), { hasLink: () => Promise.resolve(false) })),
      /^enforcer: has a role manager for "g" with a hasLink\(\) of its own/,
    ],
    [
      'a Proxy around a role manager',
      () => patched((own) => own.setRoleManager(new Proxy(new DefaultRoleManager(10), {}))),
      /^enforcer: has a role manager of its own for "g"/,
    ],
    ['nothing that can be changed', () => patched((own) => Object.freeze(own)), /^enforcer: is frozen/],
    ['no more fields', () => patched((own) => Object.preventExtensions(own)), /not extensible/],
    [
      'a field that cannot be shared',
      () => patched((own) => Object.defineProperty(own, 'ward', { value: 1 })),
      /^enforcer: has a field ward that cannot be led .* configurable: true/,
    ],
    [
      'links that are not built',
      () => patched((own) => own.enableAutoBuildRoleLinks(false)),
      /^enforcer: has enableAutoBuildRoleLinks\(false\), .* Leave that out/,
    ],
    [
      'a part of the policy',
      () =>
        patched((own) =>
          own.setAdapter(Object.assign(new StringAdapter(policy.join('\n')), { isFiltered: () => true })),
        ),
      /^enforcer: holds a filtered policy, .* loadFilteredPolicy\(\) on the injected enforcer/,
    ],
  ])('is refused: %s', async (_what, make, complaint) => {
    const enforcer = await make();
    expect(() => resolveOptions({ enforcer })).toThrow(complaint);
  });

  it.each([Enforcer, SyncedEnforcer, CachedEnforcer, Suspending])('is taken without it: %p', async (type) => {
    const enforcer = await build(type as EnforcerClass);
    expect(resolveOptions({ enforcer })).toMatchObject({ enforcerClass: type });
  });
});

describe('a class whose methods the audited enforcer has its own for', () => {
  class Careful extends SyncedEnforcer {
    override async deleteUser(user: string): Promise<boolean> {
      return user !== 'user^root' && super.deleteUser(user);
    }

    override async loadPolicy(): Promise<void> {
      await super.loadPolicy();
    }
  }
  class Deeper extends Careful {}
  class OnAudited extends AuditedEnforcer {
    protected override addPolicyInternal(): Promise<boolean> {
      return Promise.resolve(true);
    }
  }
  class Seamed extends Enforcer {
    caughtUp(): boolean {
      return true;
    }
  }
  class WithField extends Enforcer {
    override savePolicy = (): Promise<boolean> => Promise.resolve(true);
  }

  it.each<[EnforcerClass, RegExp]>([
    [Careful, /^enforcerClass: Careful overrides deleteUser, loadPolicy, which .* method of another name/],
    [Deeper, /^enforcerClass: Deeper overrides deleteUser, loadPolicy,/],
    [OnAudited, /^enforcerClass: OnAudited overrides addPolicyInternal,/],
    [Seamed, /^enforcerClass: Seamed overrides caughtUp,/],
  ])('is refused: %p', (type, complaint) => {
    expect(() => audited(type)).toThrow(complaint);
    expect(() => audited(type)).toThrow(complaint);
  });

  it.each<[string, (type: EnforcerClass) => Promise<object>, RegExp]>([
    [
      'the option enforcer',
      async (type) => {
        const enforcer = new type();
        await enforcer.initWithModelAndAdapter(scopedModel());
        return { model: undefined, enforcer };
      },
      /^enforcer: Careful overrides deleteUser/,
    ],
    [
      'the option enforcerClass',
      (enforcerClass) => Promise.resolve({ enforcerClass }),
      /^enforcerClass: Careful overrides deleteUser/,
    ],
  ])('is refused at the start, by %s', async (_option, options, complaint) => {
    const cluster = await Cluster.create();
    try {
      await expect(cluster.start({ grantlog: await options(Careful) })).rejects.toThrow(complaint);
    } finally {
      await cluster.end();
    }
  });

  it('is refused if it is a field that holds the function', async () => {
    const cluster = await Cluster.create();
    try {
      await expect(cluster.start({ grantlog: { enforcerClass: WithField } })).rejects.toThrow(
        /^enforcerClass: has a field savePolicy .* make it a method/,
      );
    } finally {
      await cluster.end();
    }
  });

  it('may be a class of AuditedEnforcer that adds methods, which is audited as it is', () => {
    class Clinic extends AuditedEnforcer {
      admit(name: string): Promise<boolean> {
        return super.addGroupingPolicy(...readerRule(name));
      }
    }
    expect(audited(Clinic)).toBe(Clinic);
  });
});

describe('a running module', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.create();
  });
  afterEach(() => cluster.end());
  const startWith = (enforcer: Enforcer): Promise<TestApp> =>
    cluster.start({ grantlog: { model: undefined, enforcer } });
  const asks = (own: Enforcer, name: string, scope = '*'): Promise<boolean> =>
    own.enforce(`user^${name}`, 'act^read', scope);

  it('shares the fields of the host’s class with the enforcer that was given, both ways', async () => {
    const own = await build(Suspending);
    own.suspended.add('user^ann');
    const app = await startWith(own);
    expect([await asks(own, 'ann'), await mayRead(app, 'ann'), await mayRead(app, 'bob', 'lib^1')]).toEqual([
      false,
      false,
      true,
    ]);
    own.suspended = new Set(['user^bob']);
    expect([await mayRead(app, 'ann'), await mayRead(app, 'bob', 'lib^1')]).toEqual([true, false]);
    (app.enforcer as unknown as Suspending).suspended = new Set();
    expect([own.suspended.size, await asks(own, 'bob', 'lib^1')]).toEqual([0, true]);
    expect([own.memory, (app.enforcer as unknown as Suspending).memory]).toEqual(['of the clinic', 'of the clinic']);
    expect(await own.addGroupingPolicy(...readerRule('cid'))).toBe(true);
    expect(await operationsOf(app, 'cid')).toEqual(['created']);
  });

  it('shares fields that somebody has put on the object, too', async () => {
    const own = Object.assign(await build(Enforcer), { ward: 'north' });
    let beds = 3;
    Object.defineProperty(own, 'beds', { get: () => beds, configurable: true });
    const app = await startWith(own);
    own.ward = 'south';
    beds = 4;
    expect(app.enforcer).toMatchObject({ ward: 'south', beds: 4 });
  });

  it('keeps its enforcer from any other; one that starts later has what was set and added meanwhile', async () => {
    const own = await build(Suspending);
    const first = await startWith(own);
    await expect(startWith(own)).rejects.toThrow(/^enforcer: was given to another GrantlogModule, which runs/);
    await own.addFunction('late', () => true);
    await own.addNamedDomainMatchingFunc('g', (scope, pattern) => pattern === 'lib^1' && scope === 'lib^2');
    own.suspended.add('user^ann');
    await cluster.close(first);
    const second = await startWith(own);
    expect(await second.enforcer.enforceWithMatcher('late()', 'x', 'y', 'z')).toBe(true);
    expect([await mayRead(second, 'bob', 'lib^2'), await mayRead(second, 'ann')]).toEqual([true, false]);
    own.suspended.clear();
    expect(await mayRead(second, 'ann')).toBe(true);
  });

  it('is refused an enforcer that another one starts with at the same time', async () => {
    await cluster.close(await cluster.start()); // which makes the tables
    const own = await build(Enforcer);
    const starts = await Promise.allSettled([startWith(own), startWith(own)]);
    expect(starts.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const [failed] = starts.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    expect(String(failed?.reason)).toMatch(/enforcer: was given to another GrantlogModule/);
  });
});

describe('a start that failed', () => {
  it('leaves the enforcer free for the next one', async () => {
    const cluster = await Cluster.create();
    try {
      const own = await build(Enforcer, 'g, user^eve, role^reader, ');
      await expect(cluster.start({ grantlog: { model: undefined, enforcer: own } })).rejects.toThrow(/rules\[3\]/);
      expect(Object.keys(own)).toEqual(Object.keys(await build(Enforcer)));
      own.getModel().removePolicy('g', 'g', ['user^eve', 'role^reader', '']);
      const app = await cluster.start({ grantlog: { model: undefined, enforcer: own } });
      expect(await mayRead(app, 'ann')).toBe(true);
    } finally {
      await cluster.end();
    }
  });
});
