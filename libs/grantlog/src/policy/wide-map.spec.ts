import { WideMap } from './wide-map';

const entries = 70_000; // more than one map holds

describe('a wide map', () => {
  it('holds what a map would, also after it was spread over several', () => {
    const [map, plain] = [new WideMap<number>(), new Map<string, number>()];
    for (let n = 0; n < entries; n += 1) {
      map.set(`user^${n}`, n);
      plain.set(`user^${n}`, n);
    }
    for (let n = 0; n < entries; n += 3) {
      expect([map.delete(`user^${n}`), map.delete(`user^${n}`)]).toEqual([true, false]);
      plain.delete(`user^${n}`);
    }
    for (let n = 0; n < entries; n += 500) map.set(`user^${n}`, -n);
    for (let n = 0; n < entries; n += 500) plain.set(`user^${n}`, -n);
    expect(map.size).toBe(plain.size);
    expect(new Map(map)).toEqual(plain);
    expect([...map.keys()].sort()).toEqual([...plain.keys()].sort());
    expect([map.get('user^1'), map.has('user^1'), map.get('user^3'), map.has('user^3')]).toEqual([
      1,
      true,
      undefined,
      false,
    ]);
  });

  it('holds keys that are short, empty, or alike at their ends', () => {
    const map = new WideMap<number>();
    for (let n = 0; n < entries; n += 1) map.set(`${n}^the same end of all keys`, n);
    for (const key of ['', 'a', '^']) map.set(key, -1);
    expect(map.size).toBe(entries + 3);
    expect([map.get(''), map.get('a'), map.get(`${entries - 1}^the same end of all keys`)]).toEqual([
      -1,
      -1,
      entries - 1,
    ]);
  });
});
