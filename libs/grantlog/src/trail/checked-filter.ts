import { InvalidInputError } from '../contract/grantlog.error';
import { type KeySyntax, plainText } from '../contract/namespaced-key';
import type { AuditFilter } from './audit-query';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** @throws InvalidInputError if the value is not a UUID */
export function checkedUuid(value: string, field: string): string {
  if (uuid.test(value)) return value;
  throw new InvalidInputError(field, 'must be a UUID');
}

/**
 * The filter, if every value in it can occur in the log: a mistyped key would otherwise be an empty answer that looks like
 * an innocent one.
 * @throws InvalidInputError naming the field
 */
export function checkedFilter(filter: AuditFilter, keys: KeySyntax): AuditFilter {
  for (const field of ['subject', 'role', 'actor'] as const) {
    if (filter[field] !== undefined) keys.key(filter[field], field);
  }
  if (filter.scope !== undefined) keys.scope(filter.scope, 'scope');
  if (filter.scopeNamespace !== undefined) keys.namespace(filter.scopeNamespace, 'scopeNamespace');
  for (const field of ['subjectPrefix', 'scopePrefix', 'requestId'] as const) {
    if (filter[field] !== undefined) plainText(filter[field], field);
  }
  if (filter.operationId !== undefined) checkedUuid(filter.operationId, 'operationId');
  return filter;
}
