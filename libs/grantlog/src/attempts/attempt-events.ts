import type { Attribution } from '../contract/attribution';
import type { AttemptError, RuleEvent, AuditOutcome } from '../contract/audit-event';
import { uuidV7 } from '../contract/uuid-v7';
import { attemptError } from './attempt-error';
import type { Attempted } from './attempted-rules';

export type AttemptOutcome = Exclude<AuditOutcome, 'success'>;

/** The events of an attempt that ended just now: one for each of the rules it is told of by. */
export function attemptEvents(
  outcome: AttemptOutcome,
  { rules, total }: Attempted,
  attribution: Attribution,
  error: AttemptError,
): RuleEvent[] {
  const occurredAt = new Date().toISOString(); // by this node's clock: the database may be out of reach
  return rules.map(({ type, operation, ptype, values, role, scope }) => ({
    id: uuidV7(),
    type,
    operation,
    outcome,
    occurredAt,
    ...attribution,
    subject: values[0] ?? '',
    role,
    scope,
    details: { ptype, rule: values, error, ...countOf(total, rules.length) },
  }));
}

const rolledBack = attemptError(
  'ROLLED_BACK',
  'The transaction in which it was done was rolled back, wholly or to a savepoint.',
);

/** The events of a call that had succeeded, and that its caller's transaction then took back. */
export function rolledBackEvents(events: readonly RuleEvent[], total: number): RuleEvent[] {
  return events.map((event) => ({
    ...event,
    id: uuidV7(), // the other one names an event that never became true
    outcome: 'failed',
    details: { ...event.details, error: rolledBack, ...countOf(total, events.length) },
  }));
}

function countOf(total: number, recorded: number): { attempted?: number } {
  return total > recorded ? { attempted: total } : {};
}
