import { randomBytes } from 'node:crypto';
import { grantsFor } from 'grantlog';
import type { DataSource } from 'typeorm';
import { demoGrants } from './demo-tables.migration';

const role = 'grantlog_app';

/**
 * Gives the app a role of its own that can append to the log and cannot change it, so that the log is append-only by the
 * rights of the database. The password is new at every start and never leaves the process.
 * @returns the URL with which the app connects
 */
export async function asAppRole(owner: DataSource, url: string): Promise<string> {
  const password = randomBytes(24).toString('base64url');
  const [there] = await owner.query<unknown[]>('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
  await owner.query(`${there ? 'ALTER' : 'CREATE'} ROLE ${role} LOGIN PASSWORD '${password}'`);
  const database = new URL(url).pathname.slice(1);
  for (const statement of [...grantsFor(role, database), demoGrants(role)]) await owner.query(statement);
  return Object.assign(new URL(url), { username: role, password }).href;
}
