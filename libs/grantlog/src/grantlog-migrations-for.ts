import type { Model } from 'casbin';
import type { DataSource } from 'typeorm';
import { NotInstalledError } from './installation';
import { Adoption, type AdoptionKeys } from './migrations/adoption';
import type { AdoptionReport } from './migrations/adoption-report';
import { alone } from './migrations/alone';
import { type Migration, migrationsWith } from './migrations/grantlog-migrations';
import { readModel } from './policy/read-model';
import { shapeOf } from './rules/rule-shape';

/** What the records of adopted rules are made by; the same as in GrantlogModule's options. */
export interface AdoptionOptions {
  /** The Casbin model, or the path of its CONF file: it says which column of a policy is its scope. Default: none is recorded */
  readonly model?: Model | string;
  /** Between namespace and external key. Default: `'^'` */
  readonly separator?: string;
}

/** `grantlogMigrations` for a model whose policies have scopes, or for another separator. */
export function grantlogMigrationsFor(options: AdoptionOptions): Migration[] {
  return migrationsWith(keysOf(options));
}

/**
 * Adopts `casbin_rule` once more: what was written past Grantlog since is folded, and recorded as created by `system^import`. It can be
 * run beside a running system, and again after it was killed.
 * @throws InvalidInputError if a row can be no rule; nothing was changed
 * @throws NotInstalledError
 */
export async function adoptRules(dataSource: DataSource, options: AdoptionOptions = {}): Promise<AdoptionReport> {
  const missing = await dataSource.query<{ name: string }[]>(
    `SELECT name FROM unnest('{casbin_rule,audit_adoption}'::text[]) AS name WHERE to_regclass(name) IS NULL`,
  );
  if (missing.length > 0) throw new NotInstalledError(missing.map(({ name }) => name));
  const runner = dataSource.createQueryRunner();
  try {
    return await alone(runner, () => new Adoption(runner, keysOf(options)).run());
  } finally {
    await runner.release();
  }
}

export function keysOf({ model, separator = '^' }: AdoptionOptions): AdoptionKeys {
  if (model === undefined) return { separator, scopeColumns: {} };
  const read = readModel(model);
  const scopeColumns: Record<string, number> = {};
  for (const ptype of read.model.get('p')?.keys() ?? []) {
    const { scope } = shapeOf(read, ptype);
    if (typeof scope === 'number') scopeColumns[ptype] = scope;
  }
  return { separator, scopeColumns };
}
