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

/** Errors of PostgreSQL carry a SQLSTATE; class 57P is the server going down, anything without one is a lost connection. */
export function outcomeOf(error: unknown): unknown {
  const { driverError, code = (driverError as { code?: unknown } | undefined)?.code } = error as {
    driverError?: unknown;
    code?: unknown;
  };
  const answered = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('57P');
  return answered ? error : new OutcomeUnknownError(error);
}
