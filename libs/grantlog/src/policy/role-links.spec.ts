import { DefaultRoleManager, newEnforcer, newModelFromString, type RoleManager, Util } from 'casbin';
import fc from 'fast-check';
import { defaultScope, LinkGraph } from './link-graph';
import { RoleLinks } from './role-links';

type Values = readonly string[];
type Matchable = Pick<RoleLinks, 'addMatchingFunc' | 'addDomainMatchingFunc' | 'addDomainHierarchy'>;

const names = ['user^1', 'user^2', 'user^*', 'role^a', 'role^b'];
const inScopes = ['lib^lib:Org1:*', 'lib^lib:Org1:a', 'lib^lib:Org2:b', 'lib^*', '*', 'lib', defaultScope];
const askedScopes = [...inScopes, 'lib^lib:Org1:never', 'never', ''];

const times = (count: number) => Array.from({ length: count }, (_, at) => at);

function graphOf(rules: Iterable<Values>): LinkGraph {
  const graph = new LinkGraph();
  for (const [child = '', parent = '', scope = defaultScope] of rules) graph.link(child, parent, scope);
  return graph;
}

async function casbinOf(rules: Iterable<Values>): Promise<DefaultRoleManager> {
  const casbins = new DefaultRoleManager(10);
  for (const [child = '', parent = '', ...scope] of rules) await casbins.addLink(child, parent, ...scope);
  return casbins;
}

/** All there is to ask. About domains first: Casbin's takes a scope for one of its own as soon as it is asked about it. */
async function answers(links: RoleManager): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = { domains: (await links.getAllDomains()).toSorted() };
  for (const name of names) found[`domains of ${name}`] = (await links.getDomains(name)).toSorted();
  for (const scope of [[], ...askedScopes.map((one) => [one])]) {
    const where = `in ${scope.join()}`;
    for (const name of names) {
      found[`roles of ${name} ${where}`] = (await links.getRoles(name, ...scope)).toSorted();
      found[`users of ${name} ${where}`] = (await links.getUsers(name, ...scope)).toSorted();
      for (const other of names) found[`${name} < ${other} ${where}`] = await links.hasLink(name, other, ...scope);
    }
  }
  return found;
}

/** Entries in all the maps and sets that something holds. */
function held(thing: unknown): number {
  if (typeof thing !== 'object' || thing === null) return 0;
  const parts = thing instanceof Map || thing instanceof Set ? [...thing.values()] : Object.values(thing);
  const own = thing instanceof Map || thing instanceof Set ? thing.size : 0;
  return parts.reduce((sum: number, part) => sum + held(part), own);
}

const anyName = fc.constantFrom(...names);
const anyScope = fc.constantFrom(...inScopes);
const anyRule = fc
  .tuple(anyName, anyName, fc.option(anyScope, { nil: undefined, freq: 6 }))
  .map(([child, parent, scope]): Values => (scope === undefined ? [child, parent] : [child, parent, scope]));
const anyQuestion = fc.tuple(anyName, anyName, fc.constantFrom(...askedScopes));

/** Rules as a role manager sees them: without a scope is in Casbin's default scope. */
class Rules {
  private readonly byKey = new Map<string, Values>();

  private keyOf([child, parent, scope = defaultScope]: Values): string {
    return JSON.stringify([child, parent, scope]);
  }

  has(values: Values): boolean {
    return this.byKey.has(this.keyOf(values));
  }

  add(values: Values): boolean {
    const isNew = !this.has(values);
    if (isNew) this.byKey.set(this.keyOf(values), values);
    return isNew;
  }

  remove(values: Values): boolean {
    return this.byKey.delete(this.keyOf(values));
  }

  /** With patterns for names, what Casbin answers depends on the order in which it was told; ours has only this one. */
  inOrder(): Values[] {
    const links = this.all().map(([child, parent, scope = defaultScope]) => [child, parent, scope]);
    return links.map((link) => JSON.stringify(link)).sort().map((text) => JSON.parse(text) as Values); // prettier-ignore
  }

  all(): Values[] {
    return [...this.byKey.values()];
  }
}

describe('RoleLinks answer as Casbin’s role manager, filled with the same links, does', () => {
  const hierarchy = new DefaultRoleManager(10);
  beforeAll(async () => {
    await hierarchy.addLink('lib^*', 'lib^lib:Org1:*');
    await hierarchy.addLink('lib^lib:Org1:*', 'lib^lib:Org1:a');
    await hierarchy.addLink('lib^lib:Org1:*', 'lib^lib:Org1:never');
    await hierarchy.addLink('*', defaultScope);
  });

  const modes: [string, (links: Matchable) => Promise<void>][] = [
    ['without matching', async () => {}],
    ['with keyMatch for domains', (links) => links.addDomainMatchingFunc(Util.keyMatchFunc)],
    ['with another function for domains', (links) => links.addDomainMatchingFunc((one, other) => one.includes(other))],
    ['with a function for names', (links) => links.addMatchingFunc(Util.keyMatchFunc)],
    ['with a function for names, by its older signature', (links) => links.addMatchingFunc('g', Util.keyMatchFunc)],
    [
      'with functions for domains and names',
      async (links) => {
        await links.addMatchingFunc(Util.keyMatchFunc);
        await links.addDomainMatchingFunc(Util.keyMatchFunc);
      },
    ],
    ['with a hierarchy of domains', (links) => links.addDomainHierarchy(hierarchy)],
    [
      'with a hierarchy of domains and a function for them',
      async (links) => {
        await links.addDomainMatchingFunc(Util.keyMatchFunc);
        await links.addDomainHierarchy(hierarchy);
      },
    ],
  ];

  const step = fc.record({
    verb: fc.constantFrom('link', 'link', 'link', 'unlink', 'unlink', 'replace'),
    values: anyRule,
    question: anyQuestion,
  });

  it.each(modes)('%s', async (_, install) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const rules = new Rules();
        const links = new RoleLinks();
        await install(links);
        for (const { verb, values, question } of steps) {
          if (verb === 'link') expect(links.link(values)).toBe(rules.add(values));
          else if (verb === 'unlink') expect(links.unlink(values)).toBe(rules.remove(values));
          else {
            if (!rules.add(values)) rules.remove(values);
            links.replace(graphOf(rules.all()));
          }
          links.syncedHasLink(...question); // what is remembered of it must not outlive the next change
        }
        const casbins = await casbinOf(rules.inOrder());
        await install(casbins);
        expect(await answers(links)).toEqual(await answers(casbins));
      }),
      { numRuns: 100 },
    );
  });

  it('with functions and a hierarchy that come one after the other, after questions', async () => {
    const rules = [['role^*', 'role^b', 'lib^lib:Org2:b'], ['user^1', 'role^*', 'lib^*'], ['user^2', 'role^a', 'lib']]; // prettier-ignore
    const casbins = await casbinOf(rules);
    const links = new RoleLinks(graphOf(rules));
    const installs: ((one: Matchable) => Promise<void>)[] = [
      (one) => one.addDomainMatchingFunc((asked, scope) => asked.includes(scope)),
      (one) => one.addDomainMatchingFunc(Util.keyMatchFunc),
      (one) => one.addMatchingFunc(Util.keyMatchFunc),
      (one) => one.addDomainMatchingFunc((asked, scope) => asked.includes(scope)),
      (one) => one.addDomainHierarchy(hierarchy),
      (one) => one.addMatchingFunc(() => false),
    ];
    const seen = new Set<string>();
    for (const install of installs) {
      await Promise.all([install(links), install(casbins)]);
      const { domains: _, ...found } = await answers(links);
      expect(await answers(casbins)).toMatchObject(found);
      seen.add(JSON.stringify(found));
    }
    expect(seen.size).toBeGreaterThan(4); // each of them makes a difference
  });

  it('inside an enforcer', async () => {
    const model = `
      [request_definition]
      r = sub, dom, obj, act
      [policy_definition]
      p = sub, dom, obj, act
      [role_definition]
      g = _, _, _
      [policy_effect]
      e = some(where (p.eft == allow))
      [matchers]
      m = g(r.sub, p.sub, r.dom) && keyMatch(r.dom, p.dom) && r.obj == p.obj && r.act == p.act`;
    const theirs = await newEnforcer(newModelFromString(model));
    const ours = await newEnforcer(newModelFromString(model));
    ours.setRoleManager(new RoleLinks());
    for (const enforcer of [theirs, ours]) {
      await enforcer.addNamedDomainMatchingFunc('g', Util.keyMatchFunc);
      await enforcer.addPolicy('role^a', '*', 'book', 'read');
      await enforcer.addGroupingPolicy('user^1', 'role^b', 'lib^*');
      await enforcer.addGroupingPolicy('role^b', 'role^a', '*');
      await enforcer.addGroupingPolicy('user^2', 'role^a', 'lib^1');
      await enforcer.removeGroupingPolicy('user^2', 'role^a', 'lib^1');
      await enforcer.buildRoleLinks();
    }
    for (const enforcer of [theirs, ours]) {
      expect(await enforcer.enforce('user^1', 'lib^1', 'book', 'read')).toBe(true);
      expect(enforcer.enforceSync('user^1', 'art^1', 'book', 'read')).toBe(false);
      expect(await enforcer.enforce('user^2', 'lib^1', 'book', 'read')).toBe(false);
      expect(await enforcer.getImplicitRolesForUser('user^1', 'lib^1')).toEqual(['role^b', 'role^a']);
      expect(await enforcer.getImplicitUsersForRole('role^a', 'lib^1')).toEqual(['role^b', 'user^1']);
    }
  });

  it('a role is inherited along ten links, and not along eleven', async () => {
    const rules = times(11).map((at) => [`${at}`, `${at + 1}`]);
    const casbins = await casbinOf(rules);
    const links = new RoleLinks(graphOf(rules));
    for (const one of [links, casbins]) {
      expect(times(12).filter((at) => one.syncedHasLink('0', `${at}`))).toEqual(times(11));
      expect(one.syncedHasLink('1', '11')).toBe(true);
    }
  });

  it('a circle of links ends, and everybody is their own role', () => {
    const links = new RoleLinks(graphOf([['1', '2'], ['2', '3'], ['3', '1'], ['3', '3'], ['other', 'role']])); // prettier-ignore
    expect(links.syncedHasLink('1', '3')).toBe(true);
    expect(links.syncedHasLink('2', '1')).toBe(true);
    expect(links.syncedHasLink('1', 'role')).toBe(false);
    expect(links.syncedHasLink('nobody', 'nobody', 'nowhere')).toBe(true);
  });

  it('more than one domain is refused in Casbin’s words', async () => {
    const text = 'error: domain should be 1 parameter';
    for (const links of [new RoleLinks(), new DefaultRoleManager(10)]) {
      expect(() => links.syncedHasLink('1', '1', 'a', 'b')).toThrow(text);
      await expect(links.hasLink('1', '1', 'a', 'b')).rejects.toThrow(text);
      await expect(links.getRoles('1', 'a', 'b')).rejects.toThrow(text);
      await expect(links.getUsers('1', 'a', 'b')).rejects.toThrow(text);
      await expect(links.addLink('1', '2', 'a', 'b')).rejects.toThrow(text);
      await expect(links.deleteLink('1', '2', 'a', 'b')).rejects.toThrow(text);
    }
    expect(() => new RoleLinks().link(['1', '2', 'a', 'b'])).toThrow(text);
    expect(() => new RoleLinks().unlink(['1', '2', 'a', 'b'])).toThrow(text);
  });

  it('what can be no function and no hierarchy is refused in Casbin’s words', async () => {
    for (const links of [new RoleLinks(), new DefaultRoleManager(10) as RoleManager & Matchable]) {
      await expect(links.addMatchingFunc('g', undefined as never)).rejects.toThrow('domain should be 1 parameter');
      await expect(links.addDomainHierarchy({} as RoleManager)).rejects.toThrow('must be syncronous');
    }
  });
});

describe('RoleLinks take no longer than the graph is large', () => {
  it('where more paths lead up than anybody could take', () => {
    const links = new RoleLinks();
    for (const layer of times(11)) {
      for (const from of times(12)) for (const to of times(12)) links.link([`${layer}.${from}`, `${layer + 1}.${to}`]);
    }
    expect(links.syncedHasLink('0.0', '10.11')).toBe(true);
    expect(links.syncedHasLink('0.0', '11.11')).toBe(false); // Casbin would take 12^10 paths to see that
  });

  it('scopes without a star are not compared with the one that is asked for, under keyMatch', async () => {
    const links = new RoleLinks(graphOf([['user^1', 'role^a', 'lib^*'], ['user^1', 'role^b', 'lib^1']])); // prettier-ignore
    await links.addDomainMatchingFunc(Util.keyMatchFunc);
    const all = jest.spyOn(LinkGraph.prototype, 'scopes', 'get');
    try {
      expect(await links.getRoles('user^1', 'lib^1')).toEqual(['role^b', 'role^a']);
      expect(all).not.toHaveBeenCalled();
    } finally {
      all.mockRestore();
    }
  });

  it('a function for domains is asked again only after a scope came or went', async () => {
    const links = new RoleLinks(graphOf([['user^1', 'role^a', 'a']])); // prettier-ignore
    const matches = jest.fn((asked: string, scope: string) => asked.startsWith(scope));
    await links.addDomainMatchingFunc(matches);
    const ask = () => [links.syncedHasLink('user^1', 'role^a', 'abc'), links.syncedHasLink('user^1', 'role^b', 'abc')];
    expect(ask()).toEqual([true, false]);
    links.link(['user^1', 'role^b', 'a']);
    expect(ask()).toEqual([true, true]);
    expect(matches).toHaveBeenCalledTimes(1);
    links.link(['user^1', 'role^a', 'ab']);
    links.unlink(['user^1', 'role^a', 'a']);
    expect(ask()).toEqual([true, true]);
    expect(matches).toHaveBeenCalledTimes(3);
    links.unlink(['user^1', 'role^b', 'a']);
    expect(ask()).toEqual([true, false]);
    links.replace(graphOf([['user^1', 'role^b', 'abcd'], ['user^1', 'role^b', 'b']])); // prettier-ignore
    expect(ask()).toEqual([false, false]);
    expect(matches.mock.calls.slice(4)).toEqual([['abc', 'abcd'], ['abc', 'b']]); // prettier-ignore
  });
});

describe('RoleLinks hold no more than there is', () => {
  it('a name or scope is forgotten with its last link', () => {
    fc.assert(
      fc.property(fc.array(anyRule, { minLength: 1 }), fc.array(anyRule), (kept, gone) => {
        const graph = graphOf([...kept, ...gone]);
        const isKept = new Rules();
        for (const values of kept) isKept.add(values);
        for (const values of gone) {
          const [child = '', parent = '', scope = defaultScope] = values;
          if (!isKept.has(values)) graph.unlink(child, parent, scope);
        }
        expect(held(graph)).toBe(held(graphOf(kept)));
        expect(graph.size).toBe(isKept.all().length);
        for (const [child, parent, scope] of [...graph.links()]) graph.unlink(child, parent, scope);
        expect([held(graph), graph.size, [...graph.scopes], [...graph.globs]]).toEqual([0, 0, [], []]);
      }),
    );
  });

  it('a child with many parents holds exactly those, in the order in which they came', () => {
    const change = fc.tuple(fc.boolean(), fc.nat(70));
    const growing = fc.tuple(fc.array(change, { maxLength: 40 }), fc.nat(70), fc.array(change, { maxLength: 200 }));
    fc.assert(
      fc.property(growing, ([before, many, after]) => {
        const graph = new LinkGraph();
        const parents = new Set<string>();
        const changes = [...before, ...times(many).map((at): [boolean, number] => [true, at]), ...after];
        for (const [added, at] of changes) {
          const parent = `role^${at}`;
          if (added) expect(graph.link('user^1', parent, '*')).toBe(parents.size < parents.add(parent).size);
          else expect(graph.unlink('user^1', parent, '*')).toBe(parents.delete(parent));
          expect(graph.has('user^1', parent, '*')).toBe(added);
          expect(graph.roles('user^1', '*')).toEqual([...parents]);
        }
        expect(held(graph) === 0).toBe(parents.size === 0);
      }),
      { numRuns: 40 },
    );
  });

  const anything: Values[] = [['user^1', 'role^a', 'lib^*'], ['user^2', 'role^a']]; // prettier-ignore

  it('being asked leaves nothing behind', async () => {
    const links = new RoleLinks(graphOf(anything));
    await answers(links); // counts the children of each parent, once
    const before = held(links);
    await answers(links);
    await links.deleteLink('user^1', 'role^b', 'lib^never');
    await links.deleteLink('user^3', 'role^a');
    expect(held(links)).toBe(before);
    expect(await links.getAllDomains()).toEqual(['lib^*']);
  });

  it('what is remembered of answers is bounded', async () => {
    const links = new RoleLinks(graphOf(anything));
    await links.addDomainMatchingFunc(Util.keyMatchFunc);
    for (const at of times(120_000)) links.syncedHasLink('user^1', 'role^a', `lib^${at}`);
    expect(held(links)).toBeLessThan(51_000);
    const patterns = new RoleLinks(graphOf(anything));
    await patterns.addDomainHierarchy(new DefaultRoleManager(10));
    for (const at of times(5_000)) {
      patterns.syncedHasLink('user^1', 'role^a', `lib^${at}`);
      if (at % 250 === 0) expect(held(patterns)).toBeLessThan(1_100);
    }
    for (const at of times(5_000)) {
      patterns.link(['user^1', `role^${at}`, 'lib^*']);
      patterns.unlink(['user^1', `role^${at}`, 'lib^*']);
      patterns.syncedHasLink('user^1', 'role^a');
      if (at % 250 === 0) expect(held(patterns)).toBeLessThan(1_100);
    }
  });
});

describe('what is changed through Casbin’s interface', () => {
  const rules: Values[] = [['user^1', 'role^a', '*'], ['role^a', 'role^b', '*'], ['user^2', 'role^a']]; // prettier-ignore
  const isRule = (child: string, parent: string, scope: string | undefined) =>
    rules.some((rule) => rule[0] === child && rule[1] === parent && rule[2] === scope);
  const all = () => rules;
  const unread = () => {
    throw new Error('there is no need to read all rules');
  };
  let links: RoleLinks;
  beforeEach(() => {
    links = new RoleLinks(graphOf(rules));
  });

  it('takes effect, and restore() undoes a link that was added', async () => {
    await links.addLink('user^3', 'role^a', '*');
    expect(links.syncedHasLink('user^3', 'role^b', '*')).toBe(true);
    expect(links.restore(isRule, unread)).toBe(true);
    expect(links.syncedHasLink('user^3', 'role^b', '*')).toBe(false);
  });

  it('takes effect, and restore() undoes a link that was deleted', async () => {
    await links.deleteLink('role^a', 'role^b', '*');
    await links.deleteLink('user^2', 'role^a');
    expect(links.syncedHasLink('user^1', 'role^b', '*')).toBe(false);
    expect(links.syncedHasLink('user^2', 'role^a')).toBe(false);
    expect(links.restore(isRule, unread)).toBe(true);
    expect(links.syncedHasLink('user^1', 'role^b', '*')).toBe(true);
    expect(links.syncedHasLink('user^2', 'role^a')).toBe(true);
  });

  it('takes effect, and restore() undoes it when all was cleared, whatever was added then', async () => {
    await links.clear();
    await links.addLink('user^3', 'role^a', '*');
    expect(await links.getAllDomains()).toEqual(['*']);
    expect(await links.getUsers('role^a', '*')).toEqual(['user^3']);
    expect(links.restore(isRule, all)).toBe(true);
    expect(await answers(links)).toEqual(await answers(await casbinOf(rules)));
  });

  it('is forgotten once it was undone, or the graph replaced', async () => {
    const ask = jest.fn(isRule);
    await links.addLink('user^3', 'role^a', '*');
    links.restore(ask, unread);
    expect(links.restore(ask, unread)).toBe(false);
    await links.clear();
    links.restore(ask, all);
    expect(links.restore(ask, unread)).toBe(false);
    await links.addLink('user^3', 'role^a', '*');
    links.replace(graphOf(rules));
    expect(links.restore(ask, unread)).toBe(false);
    await links.clear();
    links.replace(graphOf(rules));
    expect(links.restore(ask, unread)).toBe(false);
    expect(ask).toHaveBeenCalledTimes(1);
  });

  it('is not remembered where it changes nothing', async () => {
    await links.addLink('user^1', 'role^a', '*');
    await links.addLink('user^2', 'role^a', defaultScope);
    await links.deleteLink('user^3', 'role^a', '*');
    const never = jest.fn(isRule);
    expect(links.restore(never, unread)).toBe(false);
    const empty = new RoleLinks();
    await empty.clear();
    expect(empty.restore(never, unread)).toBe(false);
    expect(never).not.toHaveBeenCalled();
  });

  it('differs in nothing if it was taken back, or is a rule by now', async () => {
    await links.addLink('user^3', 'role^a', '*');
    await links.deleteLink('user^3', 'role^a', '*');
    expect(links.restore(isRule, unread)).toBe(false);
    await links.clear();
    for (const [child = '', parent = '', ...scope] of rules) await links.addLink(child, parent, ...scope);
    expect(links.restore(isRule, all)).toBe(false);
    await links.addLink('user^3', 'role^a', '*');
    expect(links.link(['user^3', 'role^a', '*'])).toBe(false);
    expect(links.restore(() => true, unread)).toBe(false);
    expect(links.syncedHasLink('user^3', 'role^a', '*')).toBe(true);
  });

  it('leaves a rule alone whose scope has the name of Casbin’s default one', async () => {
    links = new RoleLinks(graphOf([['user^1', 'role^a', defaultScope]])); // prettier-ignore
    await links.deleteLink('user^1', 'role^a');
    expect(links.restore((_child, _parent, scope) => scope === defaultScope, unread)).toBe(true);
    expect(links.syncedHasLink('user^1', 'role^a')).toBe(true);
  });

  it('is undone whatever it was, and restore() tells whether there was anything to undo', async () => {
    const tampering = fc.record({
      verb: fc.constantFrom('addLink', 'addLink', 'deleteLink', 'deleteLink', 'clear', 'link', 'unlink'),
      values: anyRule,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(anyRule), fc.array(tampering, { maxLength: 12 }), async (given, steps) => {
        const right = new Rules();
        for (const values of given) right.add(values);
        const tampered = new RoleLinks(graphOf(right.all()));
        for (const { verb, values } of steps) {
          const [child = '', parent = '', ...scope] = values;
          if (verb === 'clear') await tampered.clear();
          else if (verb === 'addLink' || verb === 'deleteLink') await tampered[verb](child, parent, ...scope);
          else tampered[verb](values);
          if (verb === 'link') right.add(values);
          else if (verb === 'unlink') right.remove(values);
        }
        const differed = !(await hasExactly(tampered, right));
        const isRight = (...values: (string | undefined)[]) => right.has(values as Values);
        expect(tampered.restore(isRight, () => right.all())).toBe(differed);
        expect(await answers(tampered)).toEqual(await answers(await casbinOf(right.all())));
      }),
      { numRuns: 200 },
    );
  });

  async function hasExactly(links: RoleLinks, right: Rules): Promise<boolean> {
    for (const scope of inScopes) {
      for (const child of names) {
        const roles = await links.getRoles(child, scope);
        if (names.some((parent) => roles.includes(parent) !== right.has([child, parent, scope]))) return false;
      }
    }
    return true;
  }
});
