import fc from 'fast-check';
import { RuleIndex, type Values } from './rule-index';

const value = fc.constantFrom('user^1', 'user^2', 'role^a', 'lib^1', 'lib^2', '', 'a\0b');
const rule = fc.array(value, { minLength: 1, maxLength: 4 });
const change = fc.tuple(fc.boolean(), rule);
const same = (one: Values, other: Values): boolean => JSON.stringify(one) === JSON.stringify(other);

/** Casbin's way: a list, and a look at every rule. */
function matching(rules: readonly Values[], fieldIndex: number, fieldValues: Values): Values[] {
  return rules.filter((one) => fieldValues.every((given, at) => given === '' || one[fieldIndex + at] === given));
}

/** How many rules are looked at to answer a filter. */
function lookedAt(index: RuleIndex, fieldIndex: number, fieldValues: readonly string[]): number {
  let looks = 0;
  const counting = new Proxy([...fieldValues], {
    get: (values, key): unknown => {
      if (key === 'every') looks += 1;
      return Reflect.get(values, key);
    },
  });
  Array.from(index.matching(fieldIndex, counting));
  return looks;
}

describe('a rule index', () => {
  it('holds and finds what a list would, in the same order', () => {
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 60 }),
        fc.nat(3),
        fc.array(value, { maxLength: 3 }),
        (changes, at, filter) => {
          const index = new RuleIndex([2], 3);
          let list: Values[] = [];
          for (const [added, values] of changes) {
            const known = list.some((one) => same(one, values));
            expect(index.has(values)).toBe(known);
            expect(added ? index.add([...values]) : index.delete(values)).toBe(added !== known);
            if (added && !known) list.push(values);
            if (!added) list = list.filter((one) => !same(one, values));
          }
          expect([...index]).toEqual(list);
          expect(index.size).toBe(list.length);
          expect(index.hasTooWide).toBe(list.some(({ length }) => length > 3));
          expect([...index.matching(at, filter)]).toEqual(matching(list, at, filter));
        },
      ),
    );
  });

  const rules = Array.from({ length: 5_000 }, (_, n) => [`user^${n % 500}`, 'role^reader', `lib^${n % 100}`]);
  const full = (): RuleIndex => {
    const index = new RuleIndex([2], 3);
    rules.forEach((values, n) => index.add([...values, `${n}`]));
    return index;
  };

  it('looks at the rules of the subject, or of the scope, and at no others', () => {
    const index = full();
    expect(lookedAt(index, 0, ['user^7'])).toBe(10);
    expect(lookedAt(index, 2, ['lib^7'])).toBe(50);
    expect(lookedAt(index, 0, ['user^7', '', 'lib^7'])).toBe(10);
    expect(lookedAt(index, 0, ['user^nobody', '', 'lib^7'])).toBe(0);
    expect(lookedAt(index, 1, ['role^reader'])).toBe(5_000); // no index: as Casbin
  });

  it('keeps nothing of what was deleted, however much that was, and stays in order', () => {
    const index = full();
    const all = [...index];
    const kept = all.filter((_, n) => n % 7 === 0);
    for (const [n, values] of all.entries()) if (n % 7 !== 0) expect(index.delete(values)).toBe(true);
    expect([...index]).toEqual(kept);
    for (const values of kept) index.delete(values);
    expect([index.size, [...index], lookedAt(index, 0, ['user^7'])]).toEqual([0, [], 0]);
  });

  it('a subject with thousands of rules, and a scope with thousands, are looked up like any others', () => {
    const index = new RuleIndex([2], 3);
    for (let n = 0; n < 3_000; n += 1) index.add(['user^admin', `role^${n}`, '*']);
    expect(index.has(['user^admin', 'role^2999', '*'])).toBe(true);
    expect(index.has(['user^admin', 'role^3000', '*'])).toBe(false);
    expect(index.add(['user^admin', 'role^7', '*'])).toBe(false);
    expect(index.delete(['user^admin', 'role^7', '*'])).toBe(true);
    expect([...index.matching(0, ['user^admin'])]).toHaveLength(2_999);
    expect([...index.matching(2, ['*'])]).toHaveLength(2_999);
  });

  it('gives out rules that nobody can change', () => {
    const [first] = full();
    expect(() => (first as string[]).push('more')).toThrow(TypeError);
  });
});
