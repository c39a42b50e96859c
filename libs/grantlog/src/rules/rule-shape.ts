import type { Model } from 'casbin';
import { InvalidInputError } from '../contract/grantlog.error';
import { anyScope } from '../contract/namespaced-key';
import { sectionOf } from './rule';

/** What fills a column of an event: the rule's column of that index, every scope, or nothing. */
export type ColumnSource = number | typeof anyScope | null;

/** How the columns of one policy type become the columns of an event. The first one is its subject. */
export interface RuleShape {
  readonly ptype: string;
  readonly arity: number;
  readonly type: 'role_assignment' | 'policy' | 'grouping';
  readonly role: ColumnSource;
  readonly scope: ColumnSource;
  /** Whether decisions depend on the order of these rules, so that it MUST be kept in the table. */
  readonly ordered: boolean;
}

/** Names that Casbin models give to the column of a `p` rule that says where it holds. */
const scopeTokens = ['scope', 'dom', 'domain'];

/**
 * The shape of a policy type in a model.
 * @throws InvalidInputError if the model does not define it
 */
export function shapeOf(model: Model, ptype: string): RuleShape {
  const assertion = model.model.get(sectionOf(ptype))?.get(ptype);
  const ordered = orderDecides(model, ptype);
  if (!assertion) throw new InvalidInputError('ptype', `the model defines no "${ptype}"`);
  if (sectionOf(ptype) === 'p') {
    const at = assertion.tokens.findIndex((token) => scopeTokens.includes(token.slice(ptype.length + 1)));
    return { ptype, arity: assertion.tokens.length, type: 'policy', role: null, scope: at < 0 ? null : at, ordered };
  }
  const arity = (assertion.value.match(/_/g) ?? []).length;
  if (ptype !== 'g') return { ptype, arity, type: 'grouping', role: null, scope: null, ordered };
  return { ptype, arity, type: 'role_assignment', role: 1, scope: arity > 2 ? 2 : anyScope, ordered };
}

/** The effects of Casbin under which the first rule that matches decides. */
const byPriority = 'priority(p_eft) || deny';
export const bySubjectPriority = 'subjectPriority(p_eft) || deny';

function orderDecides(model: Model, ptype: string): boolean {
  const effects = [...(model.model.get('e')?.values() ?? [])].map(({ value }) => value);
  return effects.includes(bySubjectPriority) || (effects.includes(byPriority) && sectionOf(ptype) === 'p');
}

/** The source as SQL, for a row with columns v0, v1, …. */
export function sqlOf(source: ColumnSource): string {
  if (source === null) return 'NULL';
  return source === anyScope ? `'${anyScope}'` : `v${source}`;
}

/** The source's value in a rule. */
export function valueOf(source: ColumnSource, values: readonly string[]): string | null {
  if (source === null || source === anyScope) return source;
  return values[source] ?? null;
}
