import { InvalidInputError } from '../contract/grantlog.error';
import { plainText } from '../contract/namespaced-key';

/** A Casbin rule: policy type (`p`, `g`, `g2`, …) and the values of its columns. */
export class Rule {
  /** The same text for the same rule, different texts for different ones. */
  readonly key: string;

  constructor(
    readonly ptype: string,
    readonly values: readonly string[],
  ) {
    this.key = JSON.stringify([ptype, ...values]);
  }
}

/** Columns v0 to v6 of typeorm-adapter's table. */
export const ruleColumns = ['v0', 'v1', 'v2', 'v3', 'v4', 'v5', 'v6'] as const;

/** What fits into one entry of PostgreSQL's unique index on the rule (2,704 bytes less its own overhead). */
const mostBytes = 2_600;

/** Casbin keeps policy types in sections named by their first letter. */
export function sectionOf(ptype: string): string {
  return ptype.slice(0, 1);
}

/** Refuses what no rule in the table can be: too many values, or values that are no text. */
export function checkStorable({ values }: Rule, field: string): void {
  if (values.length > ruleColumns.length) {
    throw new InvalidInputError(field, `has ${values.length} values; casbin_rule holds ${ruleColumns.length}`);
  }
  values.forEach((value, index) => checkText(value, `${field}[${index}]`));
}

/**
 * Refuses what could be stored but would harm later: the wrong number of values (one short `p` rule makes every
 * `enforce()` throw), values that are no text, `''` in a grouping (to Casbin's filters it is a wildcard).
 */
export function checkRule(rule: Rule, arity: number, field: string): void {
  if (rule.values.length !== arity) {
    throw new InvalidInputError(
      field,
      `"${rule.ptype}" takes ${arity} values in this model; got ${rule.values.length}`,
    );
  }
  if (sectionOf(rule.ptype) === 'g') rule.values.forEach((value, index) => plainText(value, `${field}[${index}]`));
  const bytes = rule.values.reduce((sum, value) => sum + Buffer.byteLength(value), 0);
  if (bytes > mostBytes) {
    throw new InvalidInputError(field, `must have at most ${mostBytes} bytes in all; got ${bytes}`);
  }
}

/** Refuses what no column of the table can hold. */
export function checkText(value: unknown, field: string): void {
  if (typeof value !== 'string') throw new InvalidInputError(field, `must be text; got a ${typeof value}`);
  if (value.includes('\0') || !value.isWellFormed()) {
    throw new InvalidInputError(field, 'must be valid Unicode without NUL characters');
  }
}
