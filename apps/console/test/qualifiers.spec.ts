import fc from 'fast-check';
import { type Filter, filterFields } from '../src/records/filters';
import { parsed, pieceOf, textOf, tokensOf } from '../src/records/qualifiers';

/** Keys as they may be, and what the notation itself is made of. */
const value = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
    fc.string({
      unit: fc.constantFrom('"', '\\', '*', ' ', ':', '^', 'a', '\u00a0', '\u2028', '\u202e', 'scope:', 'role:'),
      minLength: 1,
      maxLength: 12,
    }),
  )
  .filter((text) => text !== '');

const filter = fc.record(Object.fromEntries([...filterFields, 'last'].map((field) => [field, value])), {
  requiredKeys: [],
}) as fc.Arbitrary<Filter>;

describe('Filters as text', () => {
  it('a filter written as text is read as the same filter, whatever stands in it', () => {
    fc.assert(
      fc.property(filter, (given) => {
        expect(parsed(textOf(given))).toEqual({ filter: given, words: [], problem: undefined });
      }),
      { numRuns: 2_000 },
    );
  });

  it('any text is read without an error, and each of its tokens stands where it says', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 6 }), (pieces) => {
        const text = pieces.join(' ');
        const tokens = tokensOf(text);
        const covered = tokens.map(({ start, end }) => text.slice(start, end)).join('');
        expect(covered.replaceAll(/\s/gu, '')).toBe(text.replaceAll(/\s/gu, ''));
        expect(() => parsed(text)).not.toThrow();
      }),
    );
  });

  it.each([
    ['actor:user^7', { actor: 'user^7' }],
    ['role:role^library_admin scope:lib^lib:Axim:math', { role: 'role^library_admin', scope: 'lib^lib:Axim:math' }],
    ['subject:user^an*', { subjectPrefix: 'user^an' }],
    ['scope:lib^lib:Axim*', { scopePrefix: 'lib^lib:Axim' }],
    ['scope:"lib^lib:Axim:*"', { scope: 'lib^lib:Axim:*' }],
    ['scope:"lib^a b"*', { scopePrefix: 'lib^a b' }],
    ['scope:*', { scope: '*' }],
    ['scope-type:lib request:r-1 call:0198', { scopeNamespace: 'lib', requestId: 'r-1', operationId: '0198' }],
    ['subject:"user^\\"ann\\" \\\\"', { subject: 'user^"ann" \\' }],
    ['last:24h operation:created', { last: '24h', operation: 'created' }],
    ['subject:scope:x', { subject: 'scope:x' }],
  ])('%s', (text, expected) => {
    expect(parsed(text)).toEqual({ filter: expected, words: [], problem: undefined });
  });

  it('words are what has no qualifier: also with a colon, in quotes, or with a * at the end', () => {
    expect(parsed('ann lib:Axim "two words" ma*')).toEqual({
      filter: {},
      words: ['ann', 'lib:Axim', 'two words', 'ma'],
      problem: undefined,
    });
  });

  it.each([
    ['actor:', 'actor: needs something in it.'],
    ['subject:*', 'subject: needs something in it.'],
    ['""', 'A quote needs something in it.'],
    ['role:"role^a', 'A quote is not closed: role:"role^a'],
    ['role:"role^a"b', 'After the quote in role:"role^a"b there must be a blank.'],
    [
      'role:role^lib*',
      'Only subject: and scope: can ask for a beginning; write role:"role^lib*" if the * is part of it.',
    ],
    ['actor:user^1 actor:user^2', 'actor: is there twice.'],
  ])('%s is a mistake, and which one', (text, problem) => {
    expect(parsed(text).problem).toBe(problem);
  });

  it('a filter that the page has no qualifier for is written with its own name', () => {
    expect(pieceOf('colour', 'a b')).toBe('colour:"a b"');
  });
});
