import fc from 'fast-check';
import type { TestApp } from './support/app';
import { ambientTransactions, changedMind, inAmbientTransaction } from './support/ambient-transactions';
import { calls, kinds, type Kind, singleCalls, type Stretch, stretches } from './support/casbin-calls';
import { foldOf, stateOf } from './support/casbin-state';
import { type Call, outcomeOf, PlainTwin } from './support/casbin-twin';
import { Cluster } from './support/cluster';
import { atRest, rulesIn } from './support/facts';

let cluster: Cluster;
let app: TestApp;
beforeEach(async () => {
  cluster = await Cluster.create();
});
afterEach(() => cluster.end());

async function start(kind: Kind): Promise<void> {
  const { grantlog, ...host } = ambientTransactions;
  app = await cluster.start({
    ...host,
    grantlog: {
      ...grantlog,
      model: kind.model(),
      scopeMatching: kind.scopeMatching,
      enforcerClass: kind.enforcerClass,
    },
  });
}

const twinOf = (kind: Kind): Promise<PlainTwin> => PlainTwin.create(kind.model(), kind.scopeMatching);

async function removeEverything(): Promise<void> {
  const { enforcer, dataSource } = app;
  for (const [ptype = '', ...rule] of await rulesIn(dataSource)) {
    if (ptype.startsWith('g')) await enforcer.removeNamedGroupingPolicy(ptype, ...rule);
    else await enforcer.removeNamedPolicy(ptype, ...rule);
  }
}

/** Every rule in memory, as policy type and columns. */
async function rulesInMemory(): Promise<string[][]> {
  const { enforcer } = app;
  const lists = await Promise.all([
    enforcer.getGroupingPolicy().then((rules) => rules.map((rule) => ['g', ...rule])),
    enforcer.getNamedGroupingPolicy('g2').then((rules) => rules.map((rule) => ['g2', ...rule])),
    enforcer.getPolicy().then((rules) => rules.map((rule) => ['p', ...rule])),
    enforcer.getNamedPolicy('p2').then((rules) => rules.map((rule) => ['p2', ...rule])),
  ]);
  return lists.flat();
}

const sorted = (rules: readonly string[][]): string[] => rules.map((rule) => JSON.stringify(rule)).sort();

async function expectTableIsMemoryIsLog(): Promise<void> {
  const table = sorted(await rulesIn(app.dataSource));
  expect(sorted(await rulesInMemory())).toEqual(table);
  expect(sorted(foldOf(await app.records()))).toEqual(table);
}

/** Memory has followed what was committed; what was written to find that out is gone again. */
async function memoryHasFollowed(): Promise<void> {
  await atRest(app);
  const markers = (await app.enforcer.getGroupingPolicy()).filter(([subject]) => subject?.startsWith('user^marker-'));
  await app.enforcer.removeGroupingPolicies(markers);
}

async function expectSameAnswer(twin: PlainTwin, call: Call): Promise<void> {
  const ours = await outcomeOf(app.enforcer, call);
  expect({ call, outcome: ours }).toEqual({ call, outcome: await twin.run(call) });
}

async function expectSameState(twin: PlainTwin, kind: Kind, after: unknown): Promise<void> {
  expect({ after, state: await stateOf(app.enforcer, kind) }).toEqual({
    after,
    state: await stateOf(twin.enforcer, kind),
  });
}

async function make({ where, calls: made }: Stretch, twin: PlainTwin): Promise<void> {
  const all = async (): Promise<void> => {
    for (const call of made) await expectSameAnswer(twin, call);
  };
  if (where === 'alone') return all();
  const transaction = inAmbientTransaction(async () => {
    await twin.transaction(all, where === 'committed');
    if (where === 'rolled back') throw changedMind;
  });
  await transaction.catch((error: unknown) => {
    if (error !== changedMind) throw error;
  });
}

describe('the audited enforcer does what plain Casbin does', () => {
  it.each(Object.entries(kinds))('after every call of a sequence, in a model with %s', async (_, kind) => {
    await start(kind);
    await fc.assert(
      fc.asyncProperty(calls(kind), async (sequence) => {
        await removeEverything();
        const twin = await twinOf(kind);
        for (const call of sequence) {
          await expectSameAnswer(twin, call);
          await expectSameState(twin, kind, call);
        }
        expect(sorted(await rulesInMemory())).toEqual(sorted(await rulesIn(app.dataSource)));
      }),
      { numRuns: 7 },
    );
    await expectTableIsMemoryIsLog();
  });

  it('in the order of the calls, when each names one rule', async () => {
    const kind = kinds['roles in scopes'] as Kind;
    await start(kind);
    const order = async ({ enforcer }: Pick<TestApp, 'enforcer'> | PlainTwin): Promise<string[][][]> =>
      Promise.all([
        enforcer.getPolicy(),
        enforcer.getNamedPolicy('p2'),
        enforcer.getGroupingPolicy(),
        enforcer.getNamedGroupingPolicy('g2'),
      ]);
    await fc.assert(
      fc.asyncProperty(singleCalls(kind), async (sequence) => {
        await removeEverything();
        const twin = await twinOf(kind);
        for (const call of sequence) {
          await expectSameAnswer(twin, call);
          expect({ call, order: await order(app) }).toEqual({ call, order: await order(twin) });
        }
      }),
      { numRuns: 8 },
    );
  });

  it("in a caller's transactions, of which memory shows those that were committed", async () => {
    const kind = kinds['roles in scopes that may be globs'] as Kind;
    await start(kind);
    await fc.assert(
      fc.asyncProperty(stretches(kind), async (all) => {
        await removeEverything();
        const twin = await twinOf(kind);
        for (const stretch of all) {
          await make(stretch, twin);
          await memoryHasFollowed();
          await expectSameState(twin, kind, stretch);
        }
      }),
      { numRuns: 8 },
    );
    await expectTableIsMemoryIsLog();
  });
});
