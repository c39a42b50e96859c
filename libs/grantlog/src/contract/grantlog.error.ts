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
