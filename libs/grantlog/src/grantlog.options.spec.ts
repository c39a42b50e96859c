import { resolveOptions } from './grantlog.options';

const request = (user: unknown) => ({ headers: {}, user });

describe('the options', () => {
  it.each([
    [{ id: 7 }, 'user^7'],
    [{ id: 7n }, 'user^7'],
    [{ id: 'a1', sub: 'b2' }, 'user^a1'],
    [{ sub: 'b2' }, 'user^b2'],
    [{ name: 'ann' }, null],
    [undefined, null],
  ])('take %p for the actor %p by default', (user, actor) => {
    expect(resolveOptions({ model: 'model.conf' }).actor(request(user))).toBe(actor);
  });

  it('do not take an unknown kind of id for nobody', () => {
    const { actor } = resolveOptions({ model: 'model.conf' });
    expect(() => actor(request({ id: { oid: 'x' } }))).toThrow(/set the option actor/);
  });

  it('use the separator of the host', () => {
    expect(resolveOptions({ model: 'model.conf', separator: '::' }).actor(request({ id: 7 }))).toBe('user::7');
  });

  it.each([
    [{ maxRule: 5 }, /^GrantlogModule option maxRule: is not known/],
    [{ maxRules: 0 }, /^GrantlogModule option maxRules: /],
    [{ maxStaleness: 999 }, /^GrantlogModule option maxStaleness: /],
    [{ onStale: 'guess' }, /^GrantlogModule option onStale: /],
    [{ notifications: 'loud' }, /^GrantlogModule option notifications: /],
    [{ scopeMatching: 'regex' }, /^GrantlogModule option scopeMatching: /],
    [{ actor: 'user^1' }, /^GrantlogModule option actor: must be a function/],
    [{ model: undefined }, /^GrantlogModule option model: /],
  ])('refuse %p by name', (wrong, complaint) => {
    expect(() => resolveOptions({ model: 'model.conf', ...wrong } as never)).toThrow(complaint);
  });
});
