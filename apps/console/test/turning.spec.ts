import { codePointOf, jsonOf } from '../src/parts/turning';

describe('Characters that deceive the eye', () => {
  const deceiving = ['\u202e', '\u2066', '\u200b', '\u061c', '\ufeff'];

  it('are escaped in JSON, which stays the same value', () => {
    const item = {
      subject: `user^${deceiving.join('a')}`,
      '\u202ekey': ['<script>', 'שלום', '\u{1f469}\u200d\u{1f680}'],
    };
    const json = jsonOf(item);
    expect(JSON.parse(json)).toEqual(item);
    for (const character of deceiving) expect(json).not.toContain(character);
    expect(json).toContain('user^\\u202ea\\u2066a\\u200b');
    expect(json).toContain('\u{1f469}\u200d\u{1f680}');
  });

  it('have names', () => {
    expect(deceiving.map(codePointOf)).toEqual(['U+202E', 'U+2066', 'U+200B', 'U+061C', 'U+FEFF']);
  });
});
