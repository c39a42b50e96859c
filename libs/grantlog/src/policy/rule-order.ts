import { Assertion, Model } from 'casbin';
import { bySubjectPriority } from '../rules/rule-shape';
import type { Definition } from './policy-view';
import type { Values } from './rule-index';

type Order = (rules: Values[]) => Values[];

/**
 * The order in which Casbin would look at the rules of a policy type after it has loaded them: by their column `priority`,
 * lowest number first, or by the hierarchy of their subjects. Without either, `undefined`: as they came.
 * @param groupings the rules of `g`
 */
export function orderOf(model: Model, definition: Definition, groupings: () => Values[]): Order | undefined {
  const column = definition.tokens.indexOf(`${definition.key}_priority`);
  if (ordersBySubject(model)) return (rules) => bySubject(model, definition, rules, groupings());
  if (column < 0) return undefined;
  return (rules) => rules.sort((a, b) => priorityIn(a, column) - priorityIn(b, column));
}

/** Whether the order of `p` rules depends on `g` rules. */
export function ordersBySubject(model: Model): boolean {
  return model.model.get('e')?.get('e')?.value === bySubjectPriority;
}

function priorityIn(rule: Values, column: number): number {
  return parseInt(rule[column] ?? '', 10);
}

/** Casbin's own sort, on a model made for it. */
function bySubject(model: Model, definition: Definition, rules: Values[], groupings: Values[]): Values[] {
  const assertion = (policy: Values[], rest?: Definition): Assertion =>
    Object.assign(new Assertion(), rest, { policy });
  const scratch = new Model();
  // Casbin reads from "p" which columns tell the hierarchy, also for "p2".
  const policies = new Map<string, Assertion>();
  for (const [key, { value, tokens, rm, fieldIndexMap }] of model.model.get('p') ?? []) {
    policies.set(key, assertion([], { key, value, tokens, rm, fieldIndexMap }));
  }
  policies.set(definition.key, assertion(rules, definition));
  scratch.model = new Map([
    ['e', model.model.get('e') ?? new Map<string, Assertion>()],
    ['p', policies],
    ['g', new Map([['g', assertion(groupings)]])],
  ]);
  scratch.sortPoliciesBySubjectHierarchy();
  return rules;
}
