import type { AuditRecord, RoleAssignment } from 'grantlog';
import type { DataSource } from 'typeorm';
import { untilSo } from './until';
import type { TestApp } from './app';

/** The assignment of `role^reader` to `user^<name>` everywhere, unless told otherwise. */
export function reader(name: string | number, scope = '*'): Required<RoleAssignment> {
  return { subject: `user^${name}`, role: 'role^reader', scope };
}

/** The same as the columns of a `g` rule. */
export function readerRule(name: string | number, scope = '*'): string[] {
  return Object.values(reader(name, scope));
}

/** Every rule in the table, as committed: policy type and columns, in the order of their bytes. */
export async function rulesIn(dataSource: DataSource): Promise<string[][]> {
  const rows: { rule: string[] }[] = await dataSource.query(
    `SELECT array_remove(ARRAY[ptype, v0, v1, v2, v3, v4, v5, v6], NULL) AS rule FROM casbin_rule
     ORDER BY ARRAY[ptype, v0, v1, v2, v3, v4, v5, v6] COLLATE "C"`,
  );
  return rows.map(({ rule }) => rule);
}

/** What happened to which rule, without the circumstances. */
export function factOf({ type, details }: Pick<AuditRecord, 'type' | 'details'>): [string, string, ...string[]] {
  return [type, details.ptype ?? '', ...(details.rule ?? [])];
}

/** What the log says happened to assignments of `user^<name>`, oldest first; what was tried in vain did not happen. */
export async function operationsOf(app: TestApp, name: string): Promise<string[]> {
  const records = await app.records();
  const done = records.filter(({ outcome, subject }) => outcome === 'success' && subject === `user^${name}`);
  return done.map(({ operation }) => operation);
}

/** Lets readers read everywhere. */
export async function letReadersRead(app: TestApp): Promise<void> {
  await app.enforcer.addPolicy('role^reader', 'act^read', '*');
}

export function mayRead(app: TestApp, name: string | number, scope = '*'): Promise<boolean> {
  return app.enforcer.enforce(`user^${name}`, 'act^read', scope);
}

let markers = 0;

/**
 * Resolves when the memory of every app has followed everything that is committed now: each learns of a change that
 * another one has just committed, and changes are followed in order.
 */
export async function atRest(...apps: TestApp[]): Promise<void> {
  const [first] = apps;
  if (!first) return;
  const marker = readerRule(`marker-${(markers += 1)}`);
  // Written past every app's own memory, through a transaction of which memory hears only by looking.
  const [subject = '', role = '', scope = ''] = marker;
  await first.dataSource.transaction((manager) => first.assignments.assign({ subject, role, scope }, { manager }));
  for (const app of apps) {
    await untilSo(() => app.enforcer.hasGroupingPolicy(...marker));
  }
}
