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

/**
 * Whether an error of a statement means that nobody knows what became of it. PostgreSQL's answers carry a SQLSTATE; of those,
 * class 57P says that the server goes down and class 08 that a pooler lost it. An error without one is a broken connection.
 */
export function isLostConnection(error: unknown): boolean {
  const { driverError, code } = error as { driverError?: { code?: unknown }; code?: unknown };
  const sqlState = driverError?.code ?? code;
  return typeof sqlState !== 'string' || !/^[0-9A-Z]{5}$/.test(sqlState) || /^(57P|08)/.test(sqlState);
}

/** Whether PostgreSQL answered that it did not run a statement: then nothing was changed, and it may be tried otherwise. */
export function isRefusal(error: unknown): boolean {
  return !(error instanceof OutcomeUnknownError) && !isLostConnection(error);
}

/** Whether PostgreSQL asks to try again: a serialization failure or a deadlock. */
export function isTransient(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === '40001' || code === '40P01';
}
