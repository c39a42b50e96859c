import { sectionOf } from '../rules/rule';
import type { RuleShape } from '../rules/rule-shape';
import type { RuleIndex, Values } from './rule-index';

/**
 * The link that a grouping rule makes: who inherits whom and, where the model has scopes, in which. Columns that the model
 * does not know count for nothing, as in Casbin, so that several rules may make one link.
 */
export function linkOf({ ptype, arity }: RuleShape, values: Values): Values | undefined {
  if (sectionOf(ptype) !== 'g' || values.length < 2) return undefined;
  return values.length > arity ? values.slice(0, arity) : values;
}

/** Whether a rule is there that makes this link. */
export function isLinkedBy(rules: RuleIndex, { arity }: RuleShape, link: Values): boolean {
  if (rules.has(link)) return true;
  if (!rules.hasTooWide) return false;
  for (const rule of rules.matching(0, link)) {
    if (rule.length > arity && link.every((value, at) => rule[at] === value)) return true;
  }
  return false;
}

/** Every link that the rules make. */
export function* linksOf(rules: RuleIndex, shape: RuleShape): Iterable<Values> {
  for (const values of rules) {
    const link = linkOf(shape, values);
    if (link) yield link;
  }
}
