import type { EntityManager } from 'typeorm';
import type { Rule } from '../rules/rule';
import type { RuleChange } from '../rules/rule-change';
import type { RuleDifference } from '../rules/rule-difference';

/** Memory as it was at one moment. */
export interface MemoryThen {
  readonly contents: Iterable<Rule>;
  /** Whether it had followed a change, or a later one of the same rule. */
  readonly knew: (change: RuleChange) => boolean;
}

/** Reads what a transaction sees. */
export interface SeenInside {
  readonly table: (manager: EntityManager) => Promise<readonly Rule[]>;
  /** Changes beyond the position at which memory stood, in any order. */
  readonly changes: (manager: EntityManager) => Promise<readonly RuleChange[]>;
}

/**
 * Compares memory with the table. What has been committed since memory last looked, or changed by the transaction itself, is no
 * difference. The table is read first, so that whatever it shows is among the changes that are read after it.
 */
export async function differenceInside(
  manager: EntityManager,
  memory: MemoryThen,
  seen: SeenInside,
): Promise<RuleDifference> {
  const table = new Map((await seen.table(manager)).map((rule) => [rule.key, rule]));
  const wanted = new Map([...memory.contents].map((rule) => [rule.key, rule]));
  const changes = (await seen.changes(manager)).filter((change) => !memory.knew(change));
  for (const { operation, rule } of changes.sort((a, b) => (a.outboxId < b.outboxId ? -1 : 1))) {
    if (operation === 'created') wanted.set(rule.key, rule);
    else wanted.delete(rule.key);
  }
  return {
    surplus: [...table.values()].filter(({ key }) => !wanted.has(key)),
    missing: [...wanted.values()].filter(({ key }) => !table.has(key)),
  };
}
