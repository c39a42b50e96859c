import { type Completion, completionsOf, type Known, separatorIn, soughtBy, tokenAt } from '../src/records/completions';

const known: Known = {
  keys: [
    { field: 'subject', key: 'user^ann' },
    { field: 'subject', key: 'user^anna' },
    { field: 'actor', key: 'user^ann' },
    { field: 'scope', key: 'lib^lib:Axim:*' },
  ],
  namespaces: { subject: ['user', 'service'], role: ['role'], scope: ['*', 'lib'], actor: ['user'] },
  separator: '^',
};

const offered = (text: string, place = text.length): readonly Completion[] =>
  completionsOf(tokenAt(text, place), known);
const texts = (text: string, place?: number): readonly string[] => offered(text, place).map(({ text }) => text);

describe('What the box offers', () => {
  it('to nothing, and between two pieces: every qualifier', () => {
    expect(texts('')).toHaveLength(13);
    expect(texts('role:role^a  actor:user^7', 12)).toEqual(texts(''));
  });

  it('to a word: qualifiers and keys that begin so, and all subjects and scopes that do', () => {
    expect(texts('ac')).toEqual(['actor:']);
    expect(texts('ann')).toEqual(['subject:user^ann', 'subject:user^anna', 'actor:user^ann', 'subject:user^ann*']);
  });

  it('to a qualifier without a value: the namespaces of its keys, or all its values', () => {
    expect(texts('subject:')).toEqual(['subject:user^', 'subject:service^']);
    expect(texts('scope-type:')).toEqual(['scope-type:"*"', 'scope-type:lib']);
    expect(texts('operation:')).toEqual([
      'operation:created',
      'operation:deleted',
      'operation:read',
      'operation:exported',
    ]);
    expect(texts('from:')).toEqual([]);
  });

  it('a glob as itself, quoted, and all that begins as it does', () => {
    expect(texts('scope:lib:Ax')).toEqual(['scope:"lib^lib:Axim:*"', 'scope:lib^lib:Ax*']);
  });

  it('whole pieces only where nothing needs to be added', () => {
    expect(offered('ac').map(({ whole }) => whole)).toEqual([false]);
    expect(offered('subject:').map(({ whole }) => whole)).toEqual([false, false]);
    expect(offered('outcome:den').map(({ text, whole }) => [text, whole])).toEqual([['outcome:denied', true]]);
  });

  it('asks the server for words and keys alone, of the field that is named', () => {
    expect(soughtBy(tokenAt('ann', 3))).toEqual({ word: 'ann', field: undefined });
    expect(soughtBy(tokenAt('role:"lib a', 11))).toEqual({ word: 'lib a', field: 'role' });
    for (const text of ['', 'role:', 'operation:cre', 'from:2026'])
      expect(soughtBy(tokenAt(text, text.length))).toBeUndefined();
  });

  it('the separator that the keys of this server have', () => {
    expect(separatorIn({ subject: 'user::7', subjectDisplay: '7' }, known.namespaces)).toBe('::');
    expect(separatorIn({ subject: 'ann', subjectDisplay: 'ann' }, known.namespaces)).toBe('^');
    expect(separatorIn(undefined, known.namespaces)).toBe('^');
  });
});
