import { HttpException } from '@nestjs/common';
import type { AttemptError } from '../contract/audit-event';
import { GrantlogError, InvalidInputError } from '../contract/grantlog.error';
import { storableText } from '../contract/storable-text';
import { sqlStateOf } from '../database/lost-connection';

const longestMessage = 500;

/** What a record says of the error that ended an attempt. Never throws, whatever was thrown. */
export function attemptErrorOf(error: unknown): AttemptError {
  if (!(error instanceof Error)) return attemptError('UNKNOWN', typeof error === 'string' ? error : '');
  const field = error instanceof InvalidInputError ? { field: storableText(error.field) } : {};
  return { ...attemptError(codeOf(error), error.message), ...field };
}

export function attemptError(code: string, message: string): AttemptError {
  return { code: storableText(code), message: storableText(message, longestMessage) };
}

function codeOf(error: Error): string {
  if (error instanceof GrantlogError) return error.code;
  if (error instanceof HttpException) return `HTTP_${error.getStatus()}`;
  return sqlStateOf(error) ?? error.name;
}
