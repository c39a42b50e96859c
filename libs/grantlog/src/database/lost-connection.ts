import { GrantlogError } from '../contract/grantlog.error';

/** The connection broke before the answer came: the change may have been committed or not. Look before you try again. */
export class OutcomeUnknownError extends GrantlogError {
  constructor(cause: unknown) {
    super(
      'OUTCOME_UNKNOWN',
      'The connection to the database was lost before it answered; the change may or may not have been made. ' +
        'Repeating the call is safe: what is already done changes nothing and is not recorded twice.',
      { cause },
    );
  }
}

/** PostgreSQL's SQLSTATE for an error, as the driver or TypeORM throws it; `undefined` if it has none. */
export function sqlStateOf(error: unknown): string | undefined {
  const { driverError, code } = error as { driverError?: { code?: unknown }; code?: unknown };
  const sqlState = driverError?.code ?? code;
  return typeof sqlState === 'string' && /^[0-9A-Z]{5}$/.test(sqlState) ? sqlState : undefined;
}

/**
 * Whether an error of a statement means that nobody knows what became of it. PostgreSQL's answers carry a SQLSTATE; of those,
 * class 57P says that the server goes down and class 08 that a pooler lost it. An error without one is a broken connection.
 */
export function isLostConnection(error: unknown): boolean {
  const sqlState = sqlStateOf(error);
  return sqlState === undefined || /^(57P|08)/.test(sqlState);
}

const diskFull = '53100';

/**
 * Whether PostgreSQL answered that it did not run a statement: then nothing was changed, and it may be tried otherwise. Not if
 * any other statement would be refused as well: hundreds of them would only be a further load on what is in distress.
 */
export function isRefusal(error: unknown): boolean {
  return !(error instanceof GrantlogError) && !isLostConnection(error) && sqlStateOf(error) !== diskFull;
}

/** Whether PostgreSQL asks to try again: a serialization failure or a deadlock. */
export function isTransient(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === '40001' || code === '40P01';
}
