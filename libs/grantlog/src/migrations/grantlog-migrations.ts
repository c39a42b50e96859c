import { GrantlogInstall1764000000000 } from './install.migration';

/** Add these to the DataSource's `migrations`. */
export const grantlogMigrations = [GrantlogInstall1764000000000];
