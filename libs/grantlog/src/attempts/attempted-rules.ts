import type { RuleEventType, RuleOperation } from '../contract/audit-event';
import { storableText } from '../contract/storable-text';
import { ruleColumns } from '../rules/rule';
import { type RuleShape, valueOf } from '../rules/rule-shape';
import { answerOf } from './answer-of';

/** A rule that somebody tried to change, as an event can tell of it. */
export interface AttemptedRule {
  readonly type: RuleEventType;
  readonly operation: RuleOperation;
  readonly ptype: string;
  readonly values: readonly string[];
  readonly role: string | null;
  readonly scope: string | null;
}

/** What one call tried to change. */
export interface Attempted {
  /** The first 100 rules at most. */
  readonly rules: readonly AttemptedRule[];
  /** How many there were. */
  readonly total: number;
}

/** Rules of one attempt that are recorded; the others are counted. */
export const mostRecorded = 100;

/** How rules of a policy type become columns of an event, as far as that is known. */
export type AttemptedShape = Pick<RuleShape, 'ptype' | 'type' | 'role' | 'scope'>;

/**
 * The rules of a call as it was given them, which may be anything: it is refused for that. Never throws.
 * @param rules a list of lists of values
 */
export function attemptedRules(shape: AttemptedShape, operation: RuleOperation, rules: unknown): Attempted {
  return attempted(rules, (values) => ruleOf(shape, operation, listIn(values) ?? []));
}

/**
 * The same for role assignments.
 * @param shape of `g`
 * @param assignments one `{ subject, role, scope }`, or a list of them
 */
export function attemptedAssignments(shape: AttemptedShape, operation: RuleOperation, assignments: unknown): Attempted {
  const fields = typeof shape.scope === 'number' ? ['subject', 'role', 'scope'] : ['subject', 'role'];
  return attempted(assignments, (assignment) =>
    ruleOf(
      shape,
      operation,
      fields.map((field) => fieldOf(assignment, field)),
    ),
  );
}

/** What several parts of one call tried. */
export function together(parts: readonly Attempted[]): Attempted {
  return {
    rules: parts.flatMap(({ rules }) => rules).slice(0, mostRecorded),
    total: parts.reduce((sum, { total }) => sum + total, 0),
  };
}

/** A call that named no rule leaves one record all the same: it was made. */
function attempted(given: unknown, ruleFrom: (one: unknown) => AttemptedRule): Attempted {
  const list = listIn(given) ?? [given];
  const total = answerOf(() => Math.trunc(Number(list.length))) ?? 0;
  const first = firstOf(list, Math.min(total, mostRecorded));
  if (first.length === 0) return { rules: [ruleFrom([])], total: 0 };
  return { rules: first.map(ruleFrom), total };
}

function ruleOf(shape: AttemptedShape, operation: RuleOperation, given: readonly unknown[]): AttemptedRule {
  const values = firstOf(given, ruleColumns.length).map((value) => storableText(value));
  return {
    type: `${shape.type}.${operation}`,
    operation,
    ptype: shape.ptype,
    values,
    role: valueOf(shape.role, values),
    scope: valueOf(shape.scope, values),
  };
}

/** A list of the caller's may be anything that looks like one: one that fails is empty, and the call fails by it too, and says so. */
function firstOf(list: readonly unknown[], most: number): unknown[] {
  return answerOf(() => Array.from({ length: Math.min(list.length, most) }, (_, at) => list[at])) ?? [];
}

function listIn(values: unknown): readonly unknown[] | undefined {
  return answerOf(() => Array.isArray(values)) ? (values as readonly unknown[]) : undefined; // of a revoked Proxy it throws
}

/** `undefined` also of a getter of the caller's that fails: the call fails by it too, and says so. */
function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? answerOf(() => Reflect.get(value, field) as unknown) : undefined;
}
