import type { Client } from 'pg';
import { median } from '../measure/statistics';
import { Stopwatch } from '../measure/stopwatch';
import { comparedRates, type Result } from '../result';
import { secondaryIndexes } from '../scenarios/bulk-insert';
import type { LogPair } from './log-pair';
import { insertRecords } from './our-log';

/** Records in the table before; `batch` more are inserted, and rolled back. */
const before = 1_000_000;
const batch = 50_000;
const rounds = 5;

/**
 * What each index costs: records a second into a table of a million with its primary key and that index, beside one with the key alone, in
 * turns; then with all indexes.
 */
export async function* measureInserts({ client, records }: LogPair): AsyncIterable<Result> {
  const held = Math.min(before, records - batch);
  const staged = (condition: string): string => `(SELECT * FROM staged WHERE seq ${condition}) AS staged`;
  for (const table of ['plain', 'indexed', 'coming']) {
    await client.query(`DROP TABLE IF EXISTS ${table}`);
    await client.query(`CREATE TABLE ${table} (LIKE audit_record, PRIMARY KEY (seq))`);
  }
  await insertRecords(client, 'plain', staged(`<= ${held}`));
  await client.query('INSERT INTO indexed SELECT * FROM plain');
  await insertRecords(client, 'coming', staged(`BETWEEN ${held + 1} AND ${held + batch}`));
  for (const table of ['plain', 'indexed', 'coming']) await client.query(`VACUUM (ANALYZE) ${table}`);

  const { rows: indexes } = await client.query<{ name: string; definition: string }>(secondaryIndexes, [
    'audit_record',
  ]);
  const define = ({ definition }: { definition: string }, name = ''): Promise<unknown> =>
    client.query(definition.replace(/INDEX \S+ ON \S+/, `INDEX ${name} ON indexed`));
  for (const index of indexes) {
    await define(index, 'one_index');
    yield await compared(client, `with ${index.name}`);
    await client.query('DROP INDEX one_index');
  }
  for (const index of indexes) await define(index);
  yield await compared(client, 'with all indexes');
  await client.query('DROP TABLE plain, indexed, coming');
}

async function compared(client: Client, name: string): Promise<Result> {
  const rates: { ours: number; baseline: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    rates.push({ baseline: await rateInto(client, 'plain'), ours: await rateInto(client, 'indexed') });
  }
  return comparedRates(name, 1, 'records/s; baseline: the key alone', {
    ours: median(rates.map(({ ours }) => ours)),
    baseline: median(rates.map(({ baseline }) => baseline)),
  });
}

async function rateInto(client: Client, table: string): Promise<number> {
  await client.query('CHECKPOINT');
  await client.query('BEGIN');
  const watch = new Stopwatch();
  await client.query(`INSERT INTO ${table} SELECT * FROM coming ORDER BY seq`);
  const rate = watch.rate(batch);
  await client.query('ROLLBACK');
  await client.query(`VACUUM ${table}`);
  return rate;
}
