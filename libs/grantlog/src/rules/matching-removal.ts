import type { Attribution } from '../contract/attribution';
import type { RuleFilter } from './rule-filter';
import type { RuleShape } from './rule-shape';
import { deleteMatchingRules } from './rule-statements';

/** A filter, and the shape of the rules that it finds. */
export interface ShapedFilter {
  readonly shape: RuleShape;
  readonly values: RuleFilter['values'];
}

const texts = new Map<string, string>();

/** The statement that removes whatever one of the filters matches; all of it together, so that locks are taken in one order. */
export function removalOf(
  filters: readonly ShapedFilter[],
  { actor, reason, operationId, requestId, sourceIp, userAgent }: Attribution,
): { text: string; parameters: unknown[] } {
  const given = filters.flatMap(({ shape, values }) => [shape.ptype, ...values.filter((value) => value !== undefined)]);
  return {
    text: textFor(filters),
    parameters: [actor, reason, operationId, requestId, sourceIp, userAgent, ...given],
  };
}

function textFor(filters: readonly ShapedFilter[]): string {
  const given = filters.map(({ shape, values }) => ({ shape, columns: presentIn(values) }));
  const which = given
    .map(({ shape: { type, role, scope }, columns }) => [type, role, scope, ...columns].join())
    .join(';');
  const known = texts.get(which);
  if (known !== undefined) return known;
  const text = deleteMatchingRules(given);
  texts.set(which, text);
  return text;
}

function presentIn(values: ShapedFilter['values']): number[] {
  return [...values.keys()].filter((at) => values[at] !== undefined);
}
