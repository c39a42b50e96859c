import type { Client } from 'pg';
import { createIntervalIndexes, fillIntervals } from '../libs/grantlog/src/migrations/interval-tables.sql';
import { secondaryIndexes } from './scenarios/bulk-insert';

/** Fills the log without its intervals being derived record by record, and derives them all at once: a trigger is made for batches. */
export async function withIntervalsDerived(client: Client, fill: () => Promise<void>): Promise<void> {
  await client.query('ALTER TABLE audit_record DISABLE TRIGGER audit_record_intervals');
  await fill();
  const { rows: indexes } = await client.query<{ name: string }>(secondaryIndexes, ['audit_interval']);
  for (const { name } of indexes) await client.query(`DROP INDEX ${name}`);
  await client.query('TRUNCATE audit_interval, audit_interval_block');
  await client.query(fillIntervals);
  await client.query(createIntervalIndexes);
  await client.query('ALTER TABLE audit_record ENABLE ALWAYS TRIGGER audit_record_intervals');
}
