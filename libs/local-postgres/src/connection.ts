import { readFile } from 'node:fs/promises';
import { Client } from 'pg';
import type { ClusterFolder } from './cluster-folder';
import { faultCode, LocalPostgresError } from './local-postgres.error';

const ANSWER_MS = 5_000;
/** invalid_password, invalid_authorization_specification */
const REFUSED = ['28P01', '28000'];
/** cannot_connect_now, crash_shutdown, admin_shutdown, too_many_connections: true now, and not for long. */
const PASSING = ['57P03', '57P02', '57P01', '53300', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'];
/** What pg says, without a code, when the server hangs up or is too slow. */
const HUNG_UP = /Connection terminated|timeout/i;

export async function readPassword(folder: ClusterFolder): Promise<string> {
  try {
    return (await readFile(folder.password, 'utf8')).trim();
  } catch (fault) {
    throw passwordError(folder, `${folder.password} cannot be read (${faultCode(fault)})`, fault);
  }
}

export function urlOf(port: number, password: string): string {
  return `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;
}

/** Whether the server answers a query now. That our password opens it proves that it serves our cluster. */
export async function answers(folder: ClusterFolder, port: number, password: string): Promise<boolean> {
  const client = new Client({
    connectionString: urlOf(port, password),
    ssl: false,
    connectionTimeoutMillis: ANSWER_MS,
    query_timeout: ANSWER_MS,
  });
  // The connect or query under way rejects with the same fault; without a listener this event ends the application.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch (fault) {
    if (REFUSED.includes(faultCode(fault))) throw passwordError(folder, 'The cluster refuses its password', fault);
    if (PASSING.includes(faultCode(fault)) || HUNG_UP.test(String(fault))) return false;
    throw new LocalPostgresError(
      'NOT_READY',
      `PostgreSQL on port ${port} refuses a query in the database postgres (${String(fault)}): mend that, then start again.`,
      { cause: fault },
    );
  } finally {
    await client.end();
  }
}

function passwordError(folder: ClusterFolder, reason: string, cause: unknown): LocalPostgresError {
  return new LocalPostgresError(
    'PASSWORD',
    `${reason}: put the right password back into ${folder.password}, or stop that PostgreSQL and delete ${folder.root} ` +
      'to begin with an empty cluster.',
    { cause },
  );
}
