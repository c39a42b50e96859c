import { InvalidInputError } from './grantlog.error';

/**
 * Refuses what is no object and what has fields that nobody reads: a misspelt filter would otherwise match more than was meant.
 * @param field where the object stands, for the error; '' at the top
 */
export function knownFields(value: unknown, fields: readonly string[], field: string): void {
  const unknown = Object.keys(objectOf(value, field)).find((key) => !fields.includes(key));
  if (unknown === undefined) return;
  throw new InvalidInputError(
    field ? `${field}.${unknown}` : unknown,
    `is not known here; the fields are ${fields.join(', ')}`,
  );
}

/** The value, if it is an object. @throws InvalidInputError */
export function objectOf<T>(value: T, field = ''): T & object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new InvalidInputError(field || 'query', 'must be an object');
}
