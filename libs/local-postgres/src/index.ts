export { startLocalPostgres } from './local-postgres';
export type { LocalPostgres, LocalPostgresOptions } from './local-postgres';
export { LocalPostgresError } from './local-postgres.error';
export type { LocalPostgresCode } from './local-postgres.error';
