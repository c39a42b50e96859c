import { around, nameOf } from '../src/records/stretches';

const zone = 'Europe/Berlin';

describe('Stretches of time', () => {
  it.each([
    ['hour', '2026-03-01 14:00'],
    ['day', '2026-03-01'],
    ['month', '2026-03'],
  ] as const)('a stretch of one %s is named in the zone, also one that is cut', (unit, name) => {
    expect(nameOf('2026-03-01T13:20:00Z', unit, zone)).toBe(name);
  });

  it('an hour is named as the clock shows it where clocks are half an hour off', () => {
    expect(nameOf('2026-03-01T09:00:00Z', 'hour', 'Asia/Kolkata')).toBe('2026-03-01 14:30');
  });

  it('around an hour is its day, with summer time begun or ended in it', () => {
    expect(around({ from: '2026-03-29T00:00:00Z', to: '2026-03-29T01:00:00Z' }, zone)).toEqual({
      name: '2026-03-29',
      stretch: {
        from: '2026-03-28T23:00:00.000Z',
        to: '2026-03-29T22:00:00.000Z',
      },
    });
    expect(around({ from: '2026-10-25T00:00:00Z', to: '2026-10-25T01:00:00Z' }, zone)).toEqual({
      name: '2026-10-25',
      stretch: {
        from: '2026-10-24T22:00:00.000Z',
        to: '2026-10-25T23:00:00.000Z',
      },
    });
  });

  it('around a day is its month, also around one of 25 hours', () => {
    expect(around({ from: '2026-10-24T22:00:00Z', to: '2026-10-25T23:00:00Z' }, zone)).toEqual({
      name: '2026-10',
      stretch: {
        from: '2026-09-30T22:00:00.000Z',
        to: '2026-10-31T23:00:00.000Z',
      },
    });
    expect(around({ from: '2026-12-31T00:00:00Z', to: '2027-01-01T00:00:00Z' }, 'UTC')).toEqual({
      name: '2026-12',
      stretch: {
        from: '2026-12-01T00:00:00.000Z',
        to: '2027-01-01T00:00:00.000Z',
      },
    });
  });

  it('around anything longer, or without an end, is all there is', () => {
    expect(around({ from: '2026-03-01T00:00:00Z', to: '2026-04-01T00:00:00Z' }, 'UTC')).toBeUndefined();
    expect(around({ from: '2026-03-01T00:00:00Z' }, 'UTC')).toBeUndefined();
    expect(around({}, 'UTC')).toBeUndefined();
  });
});
