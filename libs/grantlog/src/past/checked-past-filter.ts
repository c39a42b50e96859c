import { knownFields } from '../contract/known-fields';
import type { KeySyntax } from '../contract/namespaced-key';
import type { PastFilter } from './past-query';

/**
 * The filter, if every value in it can occur in the log.
 * @throws InvalidInputError naming the field
 */
export function checkedPastFilter(filter: PastFilter, keys: KeySyntax): PastFilter {
  knownFields(filter, ['subject', 'role', 'scope', 'scopeNamespace'], '');
  const { subject, role, scope, scopeNamespace } = filter;
  if (subject !== undefined) keys.key(subject, 'subject');
  if (role !== undefined) keys.key(role, 'role');
  if (scope !== undefined) keys.scope(scope, 'scope');
  if (scopeNamespace !== undefined) keys.namespace(scopeNamespace, 'scopeNamespace');
  return filter;
}
