import type { EntityManager } from 'typeorm';
import { InvalidInputError } from '../contract/grantlog.error';
import type { Rule } from '../rules/rule';
import type { RuleChange } from '../rules/rule-change';
import type { RuleDifference } from '../rules/rule-difference';

/** Memory as it was at one moment. */
export interface MemoryThen {
  readonly contents: Iterable<Rule>;
  /** Whether it had followed a change, or a later one of the same rule. */
  readonly knew: (change: RuleChange) => boolean;
  /** Whether whoever has this snapshot sees everything that memory had followed. */
  readonly isSeenFrom: (snapshot: string) => boolean;
}

/** Reads what a transaction sees. */
export interface SeenInside {
  readonly snapshot: (manager: EntityManager) => Promise<string>;
  readonly table: (manager: EntityManager) => Promise<readonly Rule[]>;
  /** Changes beyond the position at which memory stood, in any order. */
  readonly changes: (manager: EntityManager) => Promise<readonly RuleChange[]>;
}

/**
 * Compares memory with the table. A rule that was changed since memory last looked, or by the transaction itself, is as it is: memory
 * has nothing to say of it. The table is read first, so that whatever it shows is among the changes that are read after it.
 * @throws InvalidInputError if the transaction cannot see what memory has followed, and would take it for missing
 */
export async function differenceInside(
  manager: EntityManager,
  memory: MemoryThen,
  seen: SeenInside,
): Promise<RuleDifference> {
  if (!memory.isSeenFrom(await seen.snapshot(manager))) {
    throw new InvalidInputError('manager', 'its transaction began before what memory knows by now; save in a new one');
  }
  const table = new Map((await seen.table(manager)).map((rule) => [rule.key, rule]));
  const wanted = new Map([...memory.contents].map((rule) => [rule.key, rule]));
  for (const change of await seen.changes(manager)) {
    if (memory.knew(change)) continue;
    table.delete(change.rule.key);
    wanted.delete(change.rule.key);
  }
  return {
    surplus: [...table.values()].filter(({ key }) => !wanted.has(key)),
    missing: [...wanted.values()].filter(({ key }) => !table.has(key)),
  };
}
