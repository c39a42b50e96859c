import type { Client } from 'pg';
import { connect } from '../database';

/** Lets `insert` fill a table whose secondary indexes are out of the way: built at the end, they take a fraction of the time. */
export async function insertInBulk(
  url: string,
  table: string,
  insert: (client: Client) => Promise<void>,
): Promise<void> {
  const client = await connect(url);
  try {
    await client.query(`SET maintenance_work_mem = '256MB'`);
    const { rows: indexes } = await client.query<{ name: string; definition: string }>(secondaryIndexes, [table]);
    for (const { name } of indexes) await client.query(`DROP INDEX ${name}`);
    await insert(client);
    for (const { definition } of indexes) await client.query(definition);
    // What autovacuum would do soon, in the middle of a round.
    await client.query(`VACUUM (ANALYZE) ${table}`);
  } finally {
    await client.end();
  }
}

export const secondaryIndexes = `
  SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
  FROM pg_index WHERE indrelid = $1::regclass AND NOT indisprimary`;
