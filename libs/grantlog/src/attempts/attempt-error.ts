import { HttpException } from '@nestjs/common';
import type { AttemptError } from '../contract/audit-event';
import { GrantlogError, InvalidInputError } from '../contract/grantlog.error';
import { storableText } from '../contract/storable-text';
import { sqlStateOf } from '../database/lost-connection';
import { answerOf } from './answer-of';

const longestMessage = 500;
const unknown = 'UNKNOWN';

/** What a record says of the error that ended an attempt. Never throws, whatever was thrown: of what cannot be read it says nothing. */
export function attemptErrorOf(error: unknown): AttemptError {
  if (typeof error === 'string') return attemptError(unknown, error);
  const code = answerOf(() => codeOf(error)) ?? unknown;
  const message = answerOf(() => (error instanceof Error ? error.message : '')) ?? '';
  const field = answerOf(() => (error instanceof InvalidInputError ? error.field : undefined));
  return { ...attemptError(code, message), ...(field === undefined ? {} : { field: storableText(field) }) };
}

export function attemptError(code: string, message: string): AttemptError {
  return { code: storableText(code), message: storableText(message, longestMessage) };
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return unknown;
  if (error instanceof GrantlogError) return error.code;
  if (error instanceof HttpException) return `HTTP_${error.getStatus()}`;
  return sqlStateOf(error) ?? error.name;
}
