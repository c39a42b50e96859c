import type { RuleOperation, RuleDetails } from '../contract/audit-event';
import type { RuleEntry } from '../contract/outbox-batch';
import { Rule } from './rule';

/** A change of one rule, as memory needs it: what, in which order, by which transaction. */
export interface RuleChange {
  /** For one rule, ids follow the order of the commits: they are taken while the rule's row is locked. */
  readonly outboxId: bigint;
  readonly xid: string;
  readonly operation: RuleOperation;
  readonly rule: Rule;
}

export function changeOf({ outboxId, xid, event }: RuleEntry): RuleChange {
  return { outboxId: BigInt(outboxId), xid, operation: event.operation, rule: ruleOf(event.details) };
}

export function ruleOf({ ptype, rule }: RuleDetails): Rule {
  return new Rule(ptype, rule);
}
