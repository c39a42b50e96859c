import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModuleRef } from '@nestjs/core';
import { type Enforcer, newEnforcer, newModelFromString, Util } from 'casbin';
import { InvalidInputError, type VisibleScopes } from 'grantlog';
import { visibleScopes } from '../apps/demo/src/session/visible-scopes';
import { isVisible } from '../libs/grantlog/src/contract/visible-scopes';
import { PermittedScopes, TooManyScopesError } from '../libs/grantlog/src/enforcer/permitted-scopes';
import { Territory } from '../libs/grantlog/src/enforcer/territory';

const read = 'act^audit.read';
const viewer = 'user^zoe';
const sample = readFileSync(join(__dirname, '../apps/demo/sample/model.conf'), 'utf8');
const namespaceOf = (key: string): string => key.split('^')[0] ?? key;
const many = <T>(count: number, each: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => each(at));

async function enforcerWith(rules: string[][], links: string[][], model = sample): Promise<Enforcer> {
  const enforcer = await newEnforcer(newModelFromString(model));
  await enforcer.addNamedDomainMatchingFunc('g', Util.keyMatchFunc);
  await enforcer.addPolicies(rules);
  await enforcer.addGroupingPolicies(links);
  return enforcer;
}

/** Scopes by more kinds of rules than are asked about: each is assigned by a role of its own. */
const tooMany = (): Promise<Enforcer> =>
  enforcerWith(
    [
      ['role^auditor', read, '*', 'allow'],
      ['role^auditor', read, 'lib^secret', 'deny'],
    ],
    [[viewer, 'role^auditor', '*'], ...many(1_001, (at) => [viewer, `role^${at}`, `lib^${at}`])],
  );

describe('the scopes of a permission, at their limits', () => {
  it('in the demo, nothing is shown of more scopes than can be asked about, whatever `*` allows', async () => {
    const enforcer = await tooMany();
    const permitted = new PermittedScopes(enforcer);
    const of = visibleScopes({ get: () => enforcer } as unknown as ModuleRef);
    const visible = Promise.resolve(of(viewer, undefined, (permission) => permitted.of(viewer, permission)));
    await expect(visible).rejects.toThrow(TooManyScopesError);
    await expect(visible).rejects.not.toThrow(InvalidInputError);
  });

  it('in the demo, only a model that has never been readable is asked about `*`', async () => {
    const enforcer = await enforcerWith([['role^auditor', read, '*', 'allow']], [[viewer, 'role^auditor', '*']]);
    const unreadable = (): Promise<VisibleScopes> => Promise.reject(new InvalidInputError('model', 'is unreadable'));
    const modules = { get: () => enforcer } as unknown as ModuleRef;
    expect(await visibleScopes(modules)(viewer, undefined, unreadable)).toBe('all');
    const of = visibleScopes(modules);
    expect(await of(viewer, undefined, () => Promise.resolve({ scopes: ['lib^a'] }))).toEqual({ scopes: ['lib^a'] });
    await expect(Promise.resolve(of(viewer, undefined, unreadable))).rejects.toThrow('is unreadable');
  });

  it('cannot be changed by whoever is told of them', async () => {
    const rules = [
      ['role^auditor', read, '*', 'allow'],
      ['role^auditor', read, 'lib^secret', 'deny'],
    ];
    const permitted = new PermittedScopes(await enforcerWith(rules, [[viewer, 'role^auditor', '*']]));
    const visible = (await permitted.of(viewer, read)) as { scopes: string[]; except: string[] };
    expect(visible.except).toEqual(['lib^secret']);
    for (const change of [() => visible.scopes.push('x'), () => visible.except.pop(), () => (visible.except = [])]) {
      expect(change).toThrow(TypeError);
    }
  });

  it.each([
    ['other roles', many(1_500, (at) => [`role^${at}`, read, `lib^${at}`, 'deny'])],
    ['another role', many(1_500, (at) => ['role^other', 'act^other', `lib^${at}`, 'allow'])],
    ['the same role', many(1_500, (at) => ['role^auditor', read, `course^${at}`, 'allow'])],
  ])('are told of however many scopes rules of %s name', async (_, rules) => {
    const enforcer = await enforcerWith(
      [...rules, ['role^auditor', read, 'lib^*', 'allow'], ['role^auditor', read, 'lib^secret', 'deny']],
      [[viewer, 'role^auditor', '*']],
    );
    const visible = await new PermittedScopes(enforcer).of(viewer, read);
    for (const scope of ['lib^secret', 'lib^7', 'course^7', 'course^x']) {
      const allowed = await enforcer.enforce(viewer, read, scope);
      expect([scope, isVisible(visible, scope, namespaceOf)]).toEqual([scope, allowed]);
    }
  });

  const [, matcher = ''] = /m = (.*)/.exec(sample) ?? [];
  it.each([
    // alike but for their order: the denial at lib^* lies between them
    ['their order', sample.replace(/e = .*/, 'e = priority(p.eft) || deny'), 'lib^a', 'lib^b'],
    // alike but for the value itself, which is compared with something else, too
    [
      'their value',
      sample.replace(matcher, `${matcher} && (p.scope == "lib^*" || p.scope == r.obj)`),
      'lib^a',
      'lib^b',
    ],
  ])('rules are not taken to be alike where %s decides', async (_, model, one, other) => {
    const own = model.replace('r.obj', '"lib^a"');
    const rules = [
      ['role^auditor', read, one, 'allow'],
      ...(own.includes('priority') ? [['role^auditor', read, 'lib^*', 'deny']] : []),
      ['role^auditor', read, other, 'allow'],
    ];
    for (const ordered of [rules, rules.toReversed()]) {
      const enforcer = await enforcerWith(ordered, [[viewer, 'role^auditor', '*']], own);
      const visible = await new PermittedScopes(enforcer).of(viewer, read);
      const seen = [one, other].map((scope) => isVisible(visible, scope, namespaceOf));
      const may = await Promise.all([one, other].map((scope) => enforcer.enforce(viewer, read, scope)));
      expect(seen).toEqual(may);
      expect(new Set(may).size).toBe(2);
    }
  });

  it.each(['!keyMatch(r.scope, p.scope)', 'keyMatch(r.scope, p.scope) && r.scope != p.scope', '(r.scope != p.scope)'])(
    'rules are not taken to be alike where they decide beyond their scope: %s',
    async (condition) => {
      const own = sample.replace('keyMatch(r.scope, p.scope)', condition);
      const rules = ['l*', 'lib^ab*', 'lib^c'].map((scope) => ['role^auditor', read, scope, 'allow']);
      for (const some of [rules, rules.slice(0, 2), rules.slice(0, 1), rules.slice(2)]) {
        const enforcer = await enforcerWith(some, [[viewer, 'role^auditor', '*']], own);
        const visible = await new PermittedScopes(enforcer).of(viewer, read);
        for (const scope of ['l*', 'lib^ab*', 'lib^ab', 'lib^c', 'lib^d', 'x']) {
          if (!isVisible(visible, scope, namespaceOf)) continue;
          expect([scope, await enforcer.enforce(viewer, read, scope)]).toEqual([scope, true]);
        }
      }
    },
  );

  it('are refused once for all until memory changes', async () => {
    const enforcer = await tooMany();
    const permitted = new PermittedScopes(enforcer);
    const looking = jest.spyOn(enforcer, 'getFilteredNamedGroupingPolicy');
    await expect(permitted.of(viewer, read)).rejects.toThrow(TooManyScopesError);
    expect(looking).toHaveBeenCalled();
    looking.mockClear();
    await expect(permitted.of(viewer, read)).rejects.toThrow(TooManyScopesError);
    expect(looking).not.toHaveBeenCalled();
    await enforcer.removeGroupingPolicies(many(1_001, (at) => [viewer, `role^${at}`, `lib^${at}`]));
    permitted.memoryChanged();
    expect(await permitted.of(viewer, read)).toEqual({ scopes: ['*'], except: ['lib^secret'] });
  });

  it('are looked for with pauses, and no further than to the limit', async () => {
    const scopes = many(19_000, (at): [string, Set<number>] => [`lib^${at}`, new Set([1_000])]);
    const roles = new Set(many(200, (at) => at));
    let pauses = 0;
    const pause = (): Promise<void> => Promise.resolve(void (pauses += 1));
    const alike = await new Territory(new Map([['*', roles], ...scopes])).questions(1_000, pause);
    expect(alike).toHaveLength(3); // what no rule names, `*` and what the rule of all the others names
    expect(pauses).toBe(19);
    const differing = new Map(scopes.map(([scope], at) => [scope, new Set([at])]));
    expect(await new Territory(differing).questions(1_000, pause)).toHaveLength(1_001);
    expect(pauses).toBe(20);
  });
});
