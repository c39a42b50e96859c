import type { EntityManager } from 'typeorm';
import type { RuleOperation } from '../contract/audit-event';
import type { RuleEntry } from '../contract/outbox-batch';
import { type Rule, sectionOf } from '../rules/rule';
import { type ChangeOptions, type Named, RuleChanges, type RuleChangesParts } from '../rules/rule-changes';
import type { RuleDifference } from '../rules/rule-difference';
import { casbinFilter, type RuleFilter } from '../rules/rule-filter';
import { type Attempted, attemptedRules, type AttemptedShape, together } from './attempted-rules';
import type { AttemptWatch } from './attempt-watch';

type Values = readonly string[];

/** Rule changes of which those that fail leave a record. What they were given is kept as it is now: the caller may change it. */
export class WatchedChanges extends RuleChanges {
  constructor(
    parts: RuleChangesParts,
    private readonly watch: AttemptWatch,
  ) {
    super(parts);
  }

  override add(ptype: string, rules: readonly Values[], options?: ChangeOptions & Named): Promise<RuleEntry[]> {
    const tried = this.tried('created', ptype, rules);
    return this.watch.watch(
      () => tried,
      options,
      () => super.add(ptype, rules, options),
    );
  }

  override remove(ptype: string, rules: readonly Values[], options?: ChangeOptions & Named): Promise<RuleEntry[]> {
    const tried = this.tried('deleted', ptype, rules);
    return this.watch.watch(
      () => tried,
      options,
      () => super.remove(ptype, rules, options),
    );
  }

  override removeAnyOf(filtersOf: () => readonly RuleFilter[], options?: ChangeOptions): Promise<RuleEntry[]> {
    let tried = this.tried('deleted', 'g', []);
    const noted = (): readonly RuleFilter[] => {
      const filters = filtersOf();
      tried = together(filters.map(({ ptype, values }) => this.triedFilter(ptype, values)));
      return filters;
    };
    return this.watch.watch(
      () => tried,
      options,
      () => super.removeAnyOf(noted, options),
    );
  }

  override removeFiltered(ptype: string, fieldIndex: number, fieldValues: Values): Promise<RuleEntry[]> {
    const tried = this.triedFilter(ptype, [...emptyColumns(fieldIndex), ...listOf(fieldValues)]);
    return this.watch.watch(
      () => tried,
      undefined,
      () => super.removeAnyOf(() => [casbinFilter(ptype, fieldIndex, fieldValues)]), // which is not watched once more
    );
  }

  override update(ptype: string, old: Values, renewed: Values): Promise<boolean> {
    const tried = together([this.tried('deleted', ptype, [old]), this.tried('created', ptype, [renewed])]);
    return this.watch.watch(
      () => tried,
      undefined,
      () => super.update(ptype, old, renewed),
    );
  }

  override addAllOrNone(ptype: string, rules: readonly Values[]): Promise<boolean> {
    const tried = this.tried('created', ptype, rules);
    return this.watch.watch(
      () => tried,
      undefined,
      () => super.addAllOrNone(ptype, rules),
    );
  }

  override removeAllOrNone(ptype: string, rules: readonly Values[]): Promise<boolean> {
    const tried = this.tried('deleted', ptype, rules);
    return this.watch.watch(
      () => tried,
      undefined,
      () => super.removeAllOrNone(ptype, rules),
    );
  }

  override reconcile(find: (manager: EntityManager) => Promise<RuleDifference>): Promise<void> {
    let found: RuleDifference = { surplus: [], missing: [] };
    return this.watch.watch(
      () => this.triedDifference(found),
      undefined,
      () => super.reconcile(async (manager) => (found = await find(manager))),
    );
  }

  private tried(operation: RuleOperation, ptype: string, rules: unknown): Attempted {
    return attemptedRules(this.shapeIfKnown(ptype), operation, rules);
  }

  /** Nobody knows which rules a filter would have matched: its record tells of the filter. */
  private triedFilter(ptype: string, values: readonly unknown[]): Attempted {
    const last = values.findLastIndex((value) => value !== undefined && value !== '');
    return this.tried('deleted', ptype, [values.slice(0, last + 1)]);
  }

  private triedDifference({ surplus, missing }: RuleDifference): Attempted {
    const part = (operation: RuleOperation, rule: Rule): Attempted => this.tried(operation, rule.ptype, [rule.values]);
    const parts = [...surplus.map((rule) => part('deleted', rule)), ...missing.map((rule) => part('created', rule))];
    return parts.length > 0 ? together(parts) : this.tried('created', 'p', []);
  }

  /** Of a policy type that the model lacks no more is known than what its section is for. */
  private shapeIfKnown(ptype: string): AttemptedShape {
    try {
      return this.shapeOf(ptype);
    } catch {
      const type = sectionOf(ptype) === 'g' ? 'grouping' : 'policy';
      return { ptype, type, role: null, scope: null }; // the call is refused for it
    }
  }
}

function emptyColumns(count: number): string[] {
  return Array.from({ length: count >= 0 && count <= 7 ? Math.trunc(count) : 0 }, () => '');
}

function listOf(values: unknown): readonly unknown[] {
  return Array.isArray(values) ? values : [];
}
