import { InvalidInputError } from '../contract/grantlog.error';
import { type KeySyntax, plainText } from '../contract/namespaced-key';
import { auditEventTypes, auditOperations, auditOutcomes } from '../contract/audit-event';
import { knownFields } from '../contract/known-fields';
import { isAfter, moment } from '../contract/moment';
import type { AuditFilter } from './audit-query';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const filterFields: readonly (keyof AuditFilter)[] = [
  'subject',
  'role',
  'scope',
  'scopeNamespace',
  'subjectPrefix',
  'scopePrefix',
  'actor',
  'operation',
  'type',
  'outcome',
  'from',
  'to',
  'requestId',
  'operationId',
];

/** @throws InvalidInputError if the value is not a UUID */
export function checkedUuid(value: unknown, field: string): string {
  if (typeof value === 'string' && uuid.test(value)) return value;
  throw new InvalidInputError(field, 'must be a UUID');
}

/**
 * The filter, if every value in it can occur in the log: a mistyped key would otherwise be an empty answer that looks like
 * an innocent one.
 * @throws InvalidInputError naming the field
 */
export function checkedFilter(filter: AuditFilter, keys: KeySyntax): AuditFilter {
  knownFields(filter, filterFields, '');
  for (const field of ['subject', 'role', 'actor'] as const) {
    if (filter[field] !== undefined) keys.key(filter[field], field);
  }
  if (filter.scope !== undefined) keys.scope(filter.scope, 'scope');
  if (filter.scopeNamespace !== undefined) keys.namespace(filter.scopeNamespace, 'scopeNamespace');
  for (const field of ['subjectPrefix', 'scopePrefix', 'requestId'] as const) {
    if (filter[field] !== undefined) plainText(filter[field], field);
  }
  oneOf(auditOperations, filter.operation, 'operation');
  oneOf(auditEventTypes, filter.type, 'type');
  oneOf(auditOutcomes, filter.outcome, 'outcome');
  checkWindow(filter);
  if (filter.operationId !== undefined) checkedUuid(filter.operationId, 'operationId');
  return filter;
}

function checkWindow({ from, to }: AuditFilter): void {
  const [first, last] = [from && moment(from, 'from'), to && moment(to, 'to')];
  if (first && last && isAfter(first, last))
    throw new InvalidInputError('from', `must not be after to; got ${from} and ${to}`);
}

/** @throws InvalidInputError if a value is given and is none of these */
export function oneOf(values: readonly string[], value: unknown, field: string): void {
  if (value === undefined || (typeof value === 'string' && values.includes(value))) return;
  throw new InvalidInputError(field, `must be one of ${values.join(', ')}`);
}
