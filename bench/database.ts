import { Client, type QueryResultRow } from 'pg';

/** A connection beside those of the sides. One that breaks is heard of at its next query. */
export async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Runs one statement on a connection of its own. */
export async function query<R extends QueryResultRow>(
  url: string,
  sql: string,
  parameters: unknown[] = [],
): Promise<R[]> {
  const client = await connect(url);
  try {
    return (await client.query<R>(sql, parameters)).rows;
  } finally {
    await client.end();
  }
}
