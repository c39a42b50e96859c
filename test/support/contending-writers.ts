import type { EntityManager } from 'typeorm';
import type { TestApp } from './app';
import { mayRead, reader, readerRule } from './facts';

/** Names that writers assign only in what they roll back. Nobody may ever be seen to have them. */
export const ghosts = ['ghost-0', 'ghost-1', 'ghost-2', 'ghost-3'];
/** The few names that all writers change. */
const contended = ['contended-0', 'contended-1', 'contended-2', 'contended-3', 'contended-4'];

/** A sequence that the same seed repeats: a linear congruential generator, with the constants of Numerical Recipes. */
function chooser(seed: number): <T>(...from: readonly [T, ...T[]]) => T {
  let state = seed >>> 0;
  return (first, ...others) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return [first, ...others][(state >>> 8) % (others.length + 1)] ?? first;
  };
}

type Choose = ReturnType<typeof chooser>;
const undo = new Error('undo');

/** Runs `work` in a transaction that is then rolled back, alone or inside another one that goes on. */
async function undone(manager: EntityManager, work: (inside: EntityManager) => Promise<unknown>): Promise<void> {
  const attempt = manager.transaction(async (inside) => {
    await work(inside);
    throw undo;
  });
  await attempt.catch((error: unknown) => {
    if (error !== undo) throw error;
  });
}

/** Makes one random change, or what looks like one until it is rolled back. */
async function change({ assignments, enforcer, dataSource }: TestApp, choose: Choose): Promise<unknown> {
  const name = choose('', ...contended);
  const other = choose('', ...contended);
  const verb = choose('assign' as const, 'remove' as const);
  const users = [name, other]
    .filter(Boolean)
    .sort()
    .map((one) => reader(one));
  const write = (manager?: EntityManager): Promise<unknown> => assignments[verb](users, { manager });
  const ghost = (manager: EntityManager): Promise<unknown> =>
    assignments.assign([...users, reader(choose('ghost-0', ...ghosts))], { manager });
  const { manager } = dataSource;
  switch (choose('alone', 'casbin', 'transaction', 'rolled back', 'savepoint', 'savepoint rolled back')) {
    case 'alone':
      return name === '' ? assignments.removeAll({ subject: `user^${contended[0]}` }) : write();
    case 'casbin':
      return verb === 'assign'
        ? enforcer.addGroupingPoliciesEx([readerRule(contended[1] ?? ''), readerRule(contended[2] ?? '')])
        : enforcer.removeFilteredGroupingPolicy(0, `user^${contended[3]}`);
    case 'transaction':
      return manager.transaction(write);
    case 'rolled back':
      return undone(manager, ghost);
    case 'savepoint':
      return manager.transaction((outer) => outer.transaction(write));
    default:
      return manager.transaction(async (outer) => {
        await undone(outer, ghost);
        await write(outer);
      });
  }
}

/**
 * Four writers make `count` changes each, and look after every one whether this node shows a ghost.
 * @param progress hears of every change
 */
export async function contend(app: TestApp, seed: number, count: number, progress: () => void): Promise<void> {
  const writer = async (number: number): Promise<void> => {
    const choose = chooser(seed * 4 + number);
    for (let n = 0; n < count; n += 1) {
      await change(app, choose).catch(expected);
      for (const ghost of ghosts) {
        if (await mayRead(app, ghost)) throw new Error(`${ghost} was granted, and nobody had ever committed that`);
      }
      progress();
    }
  };
  await Promise.all([0, 1, 2, 3].map(writer));
}

/**
 * Transactions that lock the same rules crosswise: PostgreSQL ends one of them, and the caller is told; as it is when its
 * connection was cut.
 */
function expected(error: unknown): void {
  const { code, driverError } = error as { code?: unknown; driverError?: { code?: unknown } };
  const known = String(driverError?.code ?? code);
  if (['40P01', '57P01', 'OUTCOME_UNKNOWN', 'NOT_CONNECTED'].includes(known)) return;
  if (/Connection terminated|not queryable/.test(String(error))) return;
  throw error;
}
