import type { Model } from 'casbin';
import { InvalidInputError } from '../contract/grantlog.error';
import { sectionOf } from './rule';

/** How the columns of one policy type become the columns of an event. `role` and `scope` are SQL expressions over them. */
export interface RuleShape {
  readonly ptype: string;
  readonly arity: number;
  readonly type: 'role_assignment' | 'policy' | 'grouping';
  readonly role: string;
  readonly scope: string;
}

/** Names that Casbin models give to the column of a `p` rule that says where it holds. */
const scopeTokens = ['scope', 'dom', 'domain'];

/**
 * The shape of a policy type in a model.
 * @throws InvalidInputError if the model does not define it
 */
export function shapeOf(model: Model, ptype: string): RuleShape {
  const assertion = model.model.get(sectionOf(ptype))?.get(ptype);
  if (!assertion) throw new InvalidInputError('ptype', `the model defines no "${ptype}"`);
  if (sectionOf(ptype) === 'p') {
    const at = assertion.tokens.findIndex((token) => scopeTokens.includes(token.slice(ptype.length + 1)));
    const scope = at < 0 ? 'NULL' : `v${at}`;
    return { ptype, arity: assertion.tokens.length, type: 'policy', role: 'NULL', scope };
  }
  const arity = (assertion.value.match(/_/g) ?? []).length;
  if (ptype !== 'g') return { ptype, arity, type: 'grouping', role: 'NULL', scope: 'NULL' };
  return { ptype, arity, type: 'role_assignment', role: 'v1', scope: arity > 2 ? 'v2' : `'*'` };
}
