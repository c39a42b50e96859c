import { grantlogMigrations } from 'grantlog';
import { DataSource } from 'typeorm';
import TypeORMAdapter from 'typeorm-adapter';
import { connect } from '../database';
import { comparedMeasures, ourMeasure, type Result } from '../result';
import { connectCasbin } from '../sides/plain-casbin';
import { sizes } from '../sizes';
import { fillPlain } from './filled-rules';
import { type Bench, type Scenario, withDatabase } from './scenario';

const { adoption } = sizes;

interface Adoption {
  readonly seconds: number;
  /** The longest that a change of the running app took meanwhile, and before, while it was alone. */
  readonly heldMs: number;
  readonly aloneMs: number;
}

/**
 * Adopting a table, a tenth of it rules that are there twice, while an app that knows nothing of Grantlog goes on adding rules to
 * it by typeorm-adapter, one after the other.
 */
export const adopting: Scenario = {
  names: ['adopt@1m', 'adopt-held@1m'],
  slow: true,
  async *run(bench) {
    yield* await adopt(bench);
  },
};

async function adopt(bench: Bench): Promise<Result[]> {
  const { seconds, heldMs, aloneMs } = await withDatabase(bench, adoptOnce);
  return [
    ourMeasure('adopt@1m', 1, 's', seconds),
    comparedMeasures('adopt-held@1m', 1, 'ms', { ours: heldMs, baseline: aloneMs }),
  ];
}

async function adoptOnce(url: string): Promise<Adoption> {
  await fillPlain(url, adoption.known);
  await duplicate(url);
  const app = await connectCasbin(url);
  try {
    const adapter = await TypeORMAdapter.newAdapter({ connection: app });
    let ends = performance.now() + adoption.aloneMs;
    const aloneMs = await longestAdd(adapter, 'alone', () => performance.now() > ends);
    ends = Infinity;
    const held = longestAdd(adapter, 'beside', () => performance.now() > ends);
    const start = performance.now();
    await migrate(url);
    ends = performance.now();
    return { seconds: (ends - start) / 1000, heldMs: await held, aloneMs };
  } finally {
    await app.destroy();
  }
}

async function migrate(url: string): Promise<void> {
  const dataSource = new DataSource({ type: 'postgres', url, migrations: grantlogMigrations });
  await dataSource.initialize();
  await dataSource.runMigrations();
  await dataSource.destroy();
}

/** @returns milliseconds */
async function longestAdd(adapter: TypeORMAdapter, name: string, isOver: () => boolean): Promise<number> {
  let longest = 0;
  for (let n = 0; !isOver(); n += 1) {
    const start = performance.now();
    await adapter.addPolicy('g', 'g', [`user^${name}-${n}`, 'role^reader', '*']);
    longest = Math.max(longest, performance.now() - start);
  }
  return longest;
}

async function duplicate(url: string): Promise<void> {
  const client = await connect(url);
  try {
    await client.query(
      'INSERT INTO casbin_rule (ptype, v0, v1, v2) SELECT ptype, v0, v1, v2 FROM casbin_rule WHERE id % 10 = 0',
    );
    await client.query('VACUUM (ANALYZE) casbin_rule');
  } finally {
    await client.end();
  }
}
