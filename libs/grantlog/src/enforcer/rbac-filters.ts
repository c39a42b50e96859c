import { InvalidInputError } from '../contract/grantlog.error';
import { checkText } from '../rules/rule';
import { casbinFilter, type RuleFilter } from '../rules/rule-filter';

/** The roles that a user has: all of them, or those in a domain. */
export function rolesOf(user: string, domain?: string): RuleFilter {
  const subject = named(user, 'user');
  if (domain === undefined) return { ptype: 'g', values: [subject] };
  if (domain === '') {
    throw new InvalidInputError('domain', 'must not be empty; leave it out to delete the roles in every domain');
  }
  checkText(domain, 'domain');
  return { ptype: 'g', values: [subject, undefined, domain] };
}

/** The role as others have it. */
export function grantsOf(role: string): RuleFilter {
  return { ptype: 'g', values: [undefined, named(role, 'role')] };
}

/**
 * What a user or role may do.
 * @param column the one that says who may
 */
export function permissionsOf(subject: string, column: number, field: string): RuleFilter {
  const value = named(subject, field);
  if (column >= 0) return casbinFilter('p', column, [value]);
  throw new InvalidInputError(
    'model',
    'its "p" has no token "sub", so nobody knows which column says whose a rule is. Call it "sub" in the model, or remove ' +
      'the rules by removeFilteredPolicy(fieldIndex, …), which names the column',
  );
}

/** A permission of whoever has it. */
export function holdersOf(permission: readonly string[]): RuleFilter {
  if (permission.length === 0) throw new InvalidInputError('permission', 'permission must not be empty');
  return casbinFilter('p', 1, permission);
}

function named(value: string, field: string): string {
  if (!value) throw new InvalidInputError(field, `${field} must not be empty`);
  checkText(value, field);
  return value;
}
