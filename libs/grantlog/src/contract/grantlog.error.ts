/** What went wrong, for programs. Messages are for people and may change; codes do not. */
export type GrantlogErrorCode =
  | 'INVALID_INPUT'
  | 'NOT_FOUND'
  | 'MISSING_ACTOR'
  | 'UNAUDITED_CALL'
  | 'OUTCOME_UNKNOWN'
  | 'NOT_CONNECTED'
  | 'READ_ONLY'
  | 'NOT_INSTALLED'
  | 'NOT_CAUGHT_UP'
  | 'NOT_RECORDED'
  | 'TIME_LIMIT';

/** Base of every error that Grantlog throws by itself. Errors of the database pass through unchanged. */
export class GrantlogError extends Error {
  /** Under which the attempt is recorded, if it left a record (option `attempts`). */
  operationId?: string;

  constructor(
    readonly code: GrantlogErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The input was refused and nothing was changed. `field` names the place, e.g. `assignments[0].subject`. */
export class InvalidInputError extends GrantlogError {
  constructor(
    readonly field: string,
    problem: string,
  ) {
    super('INVALID_INPUT', `${field}: ${problem}`);
  }
}

/**
 * The error, naming the operation that it ended. Calls that share a statement are given one and the same error, and each of
 * them is an operation of its own: whoever comes second gets a copy.
 */
export function endOf(operationId: string, error: GrantlogError): GrantlogError {
  const own = error.operationId === undefined ? error : copyOf(error);
  own.operationId = operationId;
  return own;
}

function copyOf(error: GrantlogError): GrantlogError {
  const copy = new Error(error.message, { cause: error.cause });
  Object.setPrototypeOf(copy, Object.getPrototypeOf(error) as object);
  return Object.assign(copy, error, { stack: error.stack });
}
