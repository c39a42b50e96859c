import { comparedRates, type Result } from '../result';
import { secondaryIndexes } from '../scenarios/bulk-insert';
import { median } from '../measure/statistics';
import { Stopwatch } from '../measure/stopwatch';
import type { LogPair } from './log-pair';
import { insertRecords } from './our-log';

/** Records in the table before; `batch` more are inserted, and rolled back. */
const before = 1_000_000;
const batch = 50_000;
const rounds = 3;

/**
 * What each index costs: records a second into a table of a million with its primary key and that index, beside the key alone; then with all
 * indexes, and with the intervals derived by the way.
 */
export async function* measureInserts({ client, records }: LogPair): AsyncIterable<Result> {
  const held = Math.min(before, records - batch);
  await client.query(`DROP TABLE IF EXISTS measured`);
  await client.query('CREATE TABLE measured (LIKE audit_record, PRIMARY KEY (seq))');
  await insertRecords(client, 'measured', `(SELECT * FROM staged WHERE seq <= ${held}) AS staged`);
  const { rows: indexes } = await client.query<{ name: string; definition: string }>(secondaryIndexes, [
    'audit_record',
  ]);
  await client.query('VACUUM (ANALYZE) measured');
  const insert = async (): Promise<number> => {
    const rates: number[] = [];
    for (let round = 0; round < rounds; round += 1) rates.push(await rateOf());
    return median(rates);
  };
  const rateOf = async (): Promise<number> => {
    await client.query('CHECKPOINT');
    await client.query('BEGIN');
    const watch = new Stopwatch();
    await insertRecords(
      client,
      'measured',
      `(SELECT * FROM staged WHERE seq > ${held} AND seq <= ${held + batch}) AS staged`,
    );
    const rate = watch.rate(batch);
    await client.query('ROLLBACK');
    await client.query('VACUUM measured');
    return rate;
  };
  const result = (name: string, ours: number, baseline: number): Result =>
    comparedRates(name, 1, 'records/s, beside the key alone', { ours, baseline });
  const baseline = await insert();
  for (const { name, definition } of indexes) {
    await client.query(definition.replace(name, 'measured_index').replace(/ ON \S+/, ' ON measured'));
    yield result(`with ${name}`, await insert(), baseline);
    await client.query('DROP INDEX measured_index');
  }
  for (const { definition } of indexes) await client.query(definition.replace(/INDEX \S+ ON \S+/, 'INDEX ON measured'));
  yield result('with all indexes', await insert(), baseline);
  await client.query('DROP TABLE measured');
}
