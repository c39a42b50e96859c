import { InvalidInputError } from '../contract/grantlog.error';
import { checkText, ruleColumns } from './rule';

/** The rules of one policy type that have these values, column by column; `undefined` matches anything. */
export interface RuleFilter {
  readonly ptype: string;
  readonly values: readonly (string | undefined)[];
}

/**
 * A filter as Casbin's calls give it: what the columns from `fieldIndex` on must be, where `''` matches anything.
 * @throws InvalidInputError if it says nothing, or what no rule in the table can be
 */
export function casbinFilter(ptype: string, fieldIndex: number, fieldValues: readonly string[]): RuleFilter {
  if (!Number.isInteger(fieldIndex) || fieldIndex < 0) {
    throw new InvalidInputError('fieldIndex', `must be the index of a column, from 0 on; got ${String(fieldIndex)}`);
  }
  fieldValues.forEach((value, index) => checkText(value, `fieldValues[${index}]`));
  if (fieldIndex + fieldValues.length > ruleColumns.length) {
    throw new InvalidInputError(
      'fieldValues',
      `must end within the ${ruleColumns.length} columns of casbin_rule; got ${fieldValues.length} from index ${fieldIndex} on`,
    );
  }
  if (fieldValues.every((value) => value === '')) {
    throw new InvalidInputError('fieldValues', 'must name a value; without one the call would remove every rule');
  }
  return { ptype, values: ruleColumns.map((_, at) => fieldValues[at - fieldIndex] || undefined) };
}
