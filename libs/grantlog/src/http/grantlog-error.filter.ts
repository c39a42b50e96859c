import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, HttpStatus } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { GrantlogError, type GrantlogErrorCode, InvalidInputError } from '../contract/grantlog.error';

const statusOf: Partial<Record<GrantlogErrorCode, HttpStatus>> = {
  INVALID_INPUT: HttpStatus.BAD_REQUEST,
  UNAUDITED_CALL: HttpStatus.BAD_REQUEST,
  MISSING_ACTOR: HttpStatus.UNAUTHORIZED,
  NOT_FOUND: HttpStatus.NOT_FOUND,
  OUTCOME_UNKNOWN: HttpStatus.SERVICE_UNAVAILABLE,
  NOT_CONNECTED: HttpStatus.SERVICE_UNAVAILABLE,
  READ_ONLY: HttpStatus.SERVICE_UNAVAILABLE,
  NOT_CAUGHT_UP: HttpStatus.SERVICE_UNAVAILABLE,
};

/** Answers Grantlog's errors: `{ statusCode, code, field?, message, operationId? }`, the last one if the attempt is recorded. Use it on your own controllers too. */
@Catch(GrantlogError)
export class GrantlogErrorFilter extends BaseExceptionFilter implements ExceptionFilter<GrantlogError> {
  override catch(error: GrantlogError, host: ArgumentsHost): void {
    super.catch(asHttpException(error), host);
  }
}

function asHttpException(error: GrantlogError): Error {
  const statusCode = statusOf[error.code];
  if (statusCode === undefined) return error;
  const field = error instanceof InvalidInputError ? { field: error.field } : {};
  const { code, message, operationId } = error;
  const attempt = operationId === undefined ? {} : { operationId };
  return new HttpException({ statusCode, code, ...field, message, ...attempt }, statusCode, { cause: error });
}
