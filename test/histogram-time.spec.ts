import fc from 'fast-check';
import { type BucketUnit, type Histogram, type HistogramQuery, InvalidInputError } from 'grantlog';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { appendDated } from './support/dated-records';

const oldest = '2010-01-01T12:34:56.789Z';
const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Havana',
  'America/Sao_Paulo',
  'America/Asuncion',
  'Africa/Cairo',
  'Asia/Beirut',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Atlantic/Azores',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Pacific/Kiritimati',
  'Etc/GMT+12',
];

/** The local day of a moment, by another list of zones than PostgreSQL's. */
function dayIn(timeZone: string, milliseconds: number): string {
  const format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  return format.format(milliseconds);
}

describe('the buckets of a histogram', () => {
  let cluster: Cluster;
  let app: TestApp;
  beforeAll(async () => {
    cluster = await Cluster.create();
    app = await cluster.start({ grantlog: { listeners: false } });
  });
  afterAll(() => cluster.end());

  it('are none in an empty log, unless it is asked from when on', async () => {
    expect(await app.trail.histogram()).toMatchObject({ by: 'hour', timeZone: 'UTC', items: [], countedFrom: null });
    expect(await app.trail.histogram({ subject: 'user^1', by: 'day' })).toMatchObject({ by: 'day', items: [] });
    const { items } = await app.trail.histogram({ from: '2026-01-01', to: '2026-01-03' });
    expect(items.map(({ count }) => count)).toEqual(Array.from({ length: 48 }, () => 0));
  });

  describe('in a log that began in 2010', () => {
    beforeAll(() => appendDated(app.dataSource, [{ at: oldest }, { at: '2018-11-04T02:59:59.999Z' }]));

    const bounds = async (query: HistogramQuery): Promise<string[]> =>
      (await app.trail.histogram(query)).items.map(({ from }) => from.slice(0, 16));

    const units: [string, string, BucketUnit][] = [
      ['2026-01-01T00:00:00Z', '2026-01-04T00:00:00Z', 'hour'],
      ['2026-01-01T00:00:00Z', '2026-01-04T00:00:01Z', 'day'],
      ['2026-01-01T00:00:00Z', '2026-05-01T00:00:00Z', 'day'],
      ['2026-01-01T00:00:00Z', '2026-05-01T00:00:01Z', 'month'],
    ];
    it.each(units)('from %s to %s are one for each %s', async (from, to, by) => {
      expect((await app.trail.histogram({ from, to })).by).toBe(by);
    });

    it('reach from the oldest record to now', async () => {
      const { by, items, closedThrough } = await app.trail.histogram();
      expect([by, items[0]?.from, items[0]?.count]).toEqual(['month', '2010-01-01T00:00:00.000000Z', 1]);
      const now = new Date().toISOString();
      expect((items.at(-1)?.from ?? '') <= now && (items.at(-1)?.to ?? '') > now).toBe(true);
      expect(closedThrough).toBe(await app.trail.closedThrough());
    });

    it('count what was recorded this very instant', async () => {
      await app.assignments.assign({ subject: 'user^now', role: 'role^reader', scope: '*' });
      await app.relay.drained();
      const { items } = await app.trail.histogram({ subject: 'user^now' });
      expect(items.map(({ count }) => count)).toEqual([1]);
    });

    it.each([
      ['Europe/Berlin', '2026-03-28T23:00', 23],
      ['Europe/Berlin', '2026-10-24T22:00', 25],
      ['America/New_York', '2026-11-01T04:00', 25],
      ['America/Havana', '2026-11-01T04:00', 25], // midnight comes twice
      ['America/Sao_Paulo', '2018-11-04T03:00', 23], // and here it is left out
      ['Australia/Lord_Howe', '2026-04-04T13:00', 24.5],
    ])('in %s a day begins at %s and has %p hours', async (timeZone, begin, hours) => {
      const from = new Date(Date.parse(`${begin}Z`) - 86_400_000).toISOString();
      const to = new Date(Date.parse(`${begin}Z`) + 3 * 86_400_000).toISOString();
      const { items } = await app.trail.histogram({ by: 'day', timeZone, from, to });
      const day = items.find((item) => item.from.startsWith(begin));
      expect((Date.parse(day?.to ?? '') - Date.parse(day?.from ?? '')) / 3_600_000).toBe(hours);
    });

    it('a day that a zone has skipped is none', async () => {
      const query = {
        by: 'day',
        timeZone: 'Pacific/Apia',
        from: '2011-12-29T10:00:00Z',
        to: '2012-01-01T10:00:00Z',
      } as const;
      expect(await bounds(query)).toEqual(['2011-12-29T10:00', '2011-12-30T10:00', '2011-12-31T10:00']);
    });

    it('hours begin at the same moment everywhere', async () => {
      const query = { by: 'hour', from: '2026-03-29T00:30:00Z', to: '2026-03-29T03:00:00Z' } as const;
      const expected = ['2026-03-29T00:30', '2026-03-29T01:00', '2026-03-29T02:00'];
      for (const timeZone of zones) expect(await bounds({ ...query, timeZone })).toEqual(expected);
    });

    it('a record belongs to the bucket in which its moment lies, to the last millisecond', async () => {
      const query = {
        by: 'day',
        timeZone: 'America/Sao_Paulo',
        from: '2018-11-03T00:00:00Z',
        to: '2018-11-06T00:00:00Z',
      } as const;
      const { items } = await app.trail.histogram(query);
      expect(items.map(({ from, count }) => [from.slice(0, 16), count])).toEqual([
        ['2018-11-03T00:00', 0],
        ['2018-11-03T03:00', 1],
        ['2018-11-04T03:00', 0],
        ['2018-11-05T02:00', 0],
      ]);
    });

    it('are whole local days and months of any zone, side by side, whatever the window', async () => {
      const anyZone = fc.constantFrom(...zones);
      const anyUnit = fc.constantFrom<BucketUnit>('day', 'month');
      const moment = fc.integer({ min: Date.parse('2012-01-02'), max: Date.parse('2026-11-20') });
      const length = fc.integer({ min: 1, max: 400 * 86_400_000 });
      await fc.assert(
        fc.asyncProperty(anyZone, anyUnit, moment, length, async (timeZone, by, begin, span) => {
          const [from, to] = [new Date(begin).toISOString(), new Date(begin + span).toISOString()];
          expectWhole(await app.trail.histogram({ by, timeZone, from, to }), begin, begin + span);
        }),
        { numRuns: 60 },
      );
    });

    const refused: [HistogramQuery, string, string][] = [
      [{ by: 'hour', from: '2026-01-01', to: '2026-03-01' }, 'by', '"day" would do'],
      [{ by: 'hour', from: '2020-01-01', to: '2026-01-01' }, 'by', '"month" would do'],
      [{ by: 'day' }, 'by', '"month" would do'],
      [{ from: '0001-01-01', to: '9999-01-01' }, 'by', 'give a later from or an earlier to'],
      [{ by: 'week' as BucketUnit }, 'by', 'must be one of hour, day, month'],
      ...['', 'Nowhere/Else', 'CET', '+02:00', 'Europe/Berlin ', 'right/UTC', 7].map(
        (timeZone): [HistogramQuery, string, string] => [{ timeZone: timeZone as string }, 'timeZone', 'IANA name'],
      ),
      [{ from: '2026-02-01', to: '2026-01-01' }, 'from', 'must not be after to'],
      [{ limit: 5 } as HistogramQuery, 'limit', 'is not known here'],
    ];
    it.each(refused)('of %j are refused, naming the field and a way out', async (query, field, problem) => {
      const error: unknown = await app.trail.histogram(query).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(InvalidInputError);
      expect(error).toMatchObject({ field, message: expect.stringContaining(problem) });
    });

    it('are at most 750', async () => {
      const most = { by: 'hour', from: '2026-01-01T00:00:00Z', to: '2026-02-01T06:00:00Z' } as const;
      expect((await app.trail.histogram(most)).items).toHaveLength(750);
      await expect(app.trail.histogram({ ...most, to: '2026-02-01T06:00:01Z' })).rejects.toThrow('"day" would do');
    });
  });
});

/** Each bucket is one local day or month, or what the window leaves of it; together they are the window. */
function expectWhole({ by, timeZone, items }: Histogram, begin: number, end: number): void {
  const nameOf = (moment: number): string => dayIn(timeZone, moment).slice(0, by === 'day' ? 10 : 7);
  const starts = items.map(({ from }) => Date.parse(from));
  const ends = items.map(({ to }) => Date.parse(to));
  expect([starts[0], ends.at(-1)]).toEqual([begin, end]);
  expect(starts.slice(1)).toEqual(ends.slice(0, -1));
  const firsts = starts.map(nameOf);
  expect({ timeZone, by, firsts }).toEqual({ timeZone, by, firsts: ends.map((moment) => nameOf(moment - 1)) });
  expect(new Set(firsts).size).toBe(items.length);
}
