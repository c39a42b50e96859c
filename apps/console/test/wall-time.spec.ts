import fc from 'fast-check';
import { fieldOf, momentOf } from '../src/parts/wall-time';

const berlin = 'Europe/Berlin';

describe('a moment and the wall time of a field', () => {
  it('are each other in the zone that is chosen', () => {
    expect(fieldOf('2026-03-01T11:00:00.123456Z', berlin)).toBe('2026-03-01T12:00:00');
    expect(momentOf('2026-03-01T12:00:00', berlin)).toBe('2026-03-01T11:00:00.000Z');
    expect(momentOf('2026-07-01T12:00', berlin)).toBe('2026-07-01T10:00:00.000Z');
    expect(momentOf('2026-07-01T12:00:00', 'UTC')).toBe('2026-07-01T12:00:00.000Z');
    expect(momentOf('2026-07-01T12:00:00', 'Asia/Kathmandu')).toBe('2026-07-01T06:15:00.000Z');
  });

  it('keep the microseconds of a moment that nobody changed', () => {
    const known = '2026-03-01T11:00:00.123456Z';
    expect(momentOf('2026-03-01T12:00:00', berlin, known)).toBe(known);
    expect(momentOf('2026-03-01T12:00:01', berlin, known)).toBe('2026-03-01T11:00:01.000Z');
  });

  it('take a time that the clock leaps over for as much later as the leap is long', () => {
    expect(momentOf('2026-03-29T02:30:00', berlin)).toBe('2026-03-29T01:30:00.000Z');
    expect(fieldOf('2026-03-29T01:30:00Z', berlin)).toBe('2026-03-29T03:30:00');
    expect(momentOf('2011-12-30T12:00:00', 'Pacific/Apia')).toBe('2011-12-30T22:00:00.000Z');
  });

  it('take a time that comes twice for the earlier one', () => {
    expect(momentOf('2026-10-25T02:30:00', berlin)).toBe('2026-10-25T00:30:00.000Z');
  });

  it('are empty for what is none', () => {
    expect(fieldOf(undefined, berlin)).toBe('');
    expect(fieldOf('yesterday', berlin)).toBe('');
    expect(momentOf('', berlin)).toBe('');
    expect(momentOf('12026-03-01T12:00:00', berlin)).toBe('');
  });

  it('know the years that somebody passes through who types one', () => {
    for (const year of ['0002', '0020', '0202'])
      expect(fieldOf(momentOf(`${year}-03-01T12:00:00`, 'UTC'), 'UTC')).toBe(`${year}-03-01T12:00:00`);
  });

  it('lead back to a moment, save in the hour that comes twice, where they lead to the same wall time', () => {
    const zones = fc.constantFrom('UTC', berlin, 'America/St_Johns', 'Australia/Lord_Howe', 'America/Santiago');
    const seconds = fc.integer({ min: Date.UTC(1975, 0) / 1_000, max: Date.UTC(2035, 0) / 1_000 });
    fc.assert(
      fc.property(zones, seconds, (zone, second) => {
        const iso = new Date(second * 1_000).toISOString();
        const again = momentOf(fieldOf(iso, zone), zone);
        expect(fieldOf(again, zone)).toBe(fieldOf(iso, zone));
        expect(Date.parse(again)).toBeLessThanOrEqual(second * 1_000);
        expect(Date.parse(again)).toBeGreaterThan(second * 1_000 - 7_200_000);
      }),
    );
  });
});
