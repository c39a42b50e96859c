import fc from 'fast-check';
import type { AuditRecord } from 'grantlog';
import type { TestApp } from './support/app';
import { Cluster } from './support/cluster';
import { foldOf, heldAt, intervalsIn, later, wrongBlocks } from './support/log-fold';
import { anyStep, bare, type Key, keyFilters, matchesKeys } from './support/rule-steps';

async function expectFold(app: TestApp, log: readonly AuditRecord[]): Promise<void> {
  const fold = foldOf(log);
  expect(await intervalsIn(app.dataSource)).toEqual(fold);
  expect(await wrongBlocks(app.dataSource)).toEqual([]);
  const moments = [...new Map(log.map(({ recordedAt, seq }) => [recordedAt, seq]))];
  const [, ...known] = moments.filter(([at]) => at >= (log[0]?.recordedAt ?? ''));
  for (const [at, seq] of known.slice(-6)) {
    const before = String(BigInt(log.find(({ recordedAt }) => recordedAt === at)?.seq ?? '1') - 1n);
    for (const filter of keyFilters) {
      const told = async (asOf: string): Promise<Key[]> => (await app.assignments.find({ ...filter, asOf })).map(bare);
      const expected = (last: string): Key[] => heldAt(fold, last).filter((one) => matchesKeys(one, filter));
      expect({ at, filter, held: await told(at) }).toEqual({ at, filter, held: expected(seq) });
      expect(await told(later(at, -1))).toEqual(expected(before));
    }
  }
}

describe('intervals', () => {
  it('equal the fold of the log, and so does what was in force at any moment, whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyStep, { minLength: 5, maxLength: 25 }),
        fc.constantFrom(1, 2, 7, 500),
        async (steps, recordingBatch) => {
          const cluster = await Cluster.create();
          try {
            const grantlog = { recordingBatch, attempts: true, listeners: false } as const;
            const nodes = [await cluster.start({ grantlog }), await cluster.start({ grantlog })] as const;
            await nodes[0].assignments.assign({ subject: 'user^first', role: 'role^first', scope: '*' });
            await nodes[0].records();
            for (const [at, take] of steps.entries()) await take(nodes[at % 2 === 0 ? 0 : 1]);
            await expectFold(nodes[1], await nodes[0].records());
          } finally {
            await cluster.end();
          }
        },
      ),
      { numRuns: 12 },
    );
  }, 240_000);
});
