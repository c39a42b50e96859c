import { adoptMigration } from './adopt.migration';
import type { AdoptionKeys } from './adoption';
import { GrantlogInstall1764000000000 } from './install.migration';
import { GrantlogIntervals1764000000002 } from './intervals.migration';
import { GrantlogParkedRetry1764000000003 } from './parked-retry.migration';

export type Migration = ReturnType<typeof adoptMigration>;

/** The migrations of a host whose keys and policies are of this kind. */
export function migrationsWith(keys: AdoptionKeys): Migration[] {
  return [
    GrantlogInstall1764000000000,
    adoptMigration(keys),
    GrantlogIntervals1764000000002,
    GrantlogParkedRetry1764000000003,
  ];
}

/**
 * Add these to the DataSource's `migrations`. A `casbin_rule` table that is there already is adopted; with another separator than `^`, or
 * to have the scopes of its policies in the records, take `grantlogMigrationsFor` instead.
 */
export const grantlogMigrations = migrationsWith({ separator: '^', scopeColumns: {} });
