export type LocalPostgresCode =
  /** No PostgreSQL binaries exist for this platform. */
  | 'UNSUPPORTED_PLATFORM'
  /** The data folder cannot be made or written, or belongs to another user. */
  | 'FOLDER'
  /** We are root, and the unprivileged user cannot reach the data folder or the binaries. */
  | 'CLOSED_FOLDER'
  /** `initdb` failed. */
  | 'INIT_FAILED'
  /** PostgreSQL ended before it was ready. */
  | 'START_FAILED'
  /** Programs left over from a killed PostgreSQL still hold the cluster. */
  | 'LEFTOVERS'
  /** PostgreSQL runs, but does not yet accept connections. */
  | 'NOT_READY'
  /** The password file is missing or does not open the cluster. */
  | 'PASSWORD'
  /** PostgreSQL did not end. */
  | 'STOP_FAILED';

/** `message` is one line that says what happened and what to do. */
export class LocalPostgresError extends Error {
  override readonly name = 'LocalPostgresError';

  constructor(
    readonly code: LocalPostgresCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message.replace(/\s*\n\s*/g, ' | ').trim(), options);
  }
}

/**
 * The errno code (`ENOENT`), SQLSTATE (`28P01`) or exit code (`1`) of a fault, where it has one. `instanceof Error` is not
 * asked: under jest Node's own errors are not instances of the test's `Error`.
 */
export function faultCode(fault: unknown): string {
  const known = typeof fault === 'object' && fault !== null && 'code' in fault;
  return known && ['string', 'number'].includes(typeof fault.code) ? String(fault.code) : '';
}
