import type { Model, RoleManager } from 'casbin';
import type { AuditOperation } from '../contract/audit-event';
import { type Rule, ruleKey, sectionOf } from './rule';

/** What the memory of a Casbin enforcer consists of. */
export interface CasbinParts {
  readonly model: Model;
  readonly roleManagerOf: (ptype: string) => RoleManager | undefined;
  /** Puts `p` rules in order again, for models with priorities. */
  readonly sortPolicies: () => void;
}

export interface MemoryChange {
  readonly operation: AuditOperation;
  readonly rule: Rule;
}

/**
 * The rules in Casbin's model together with the links in its role managers. Both change in one go, without giving way to
 * other work in between, so that no `enforce()` meets a half-applied change.
 */
export class PolicyMemory {
  private readonly known = new Map<string, Rule>();

  constructor(private readonly casbin: CasbinParts) {}

  /** Applies changes, at most one for each rule. Repeating one does nothing. */
  async apply(changes: Iterable<MemoryChange>): Promise<void> {
    const links: Promise<void>[] = [];
    const removed = new Map<string, Set<string>>();
    for (const { operation, rule } of changes) {
      const key = ruleKey(rule);
      if (operation === 'created') {
        if (!this.add(key, rule)) continue;
        links.push(this.link('addLink', rule));
      } else if (this.known.delete(key)) {
        links.push(this.link('deleteLink', rule));
        removed.set(rule.ptype, (removed.get(rule.ptype) ?? new Set()).add(key));
      }
    }
    for (const [ptype, keys] of removed) this.drop(ptype, keys);
    this.casbin.sortPolicies();
    await Promise.all(links);
  }

  /** Makes memory hold exactly these rules, by the difference: at no moment is a rule missing that was and stays there. */
  replace(rules: ReadonlyMap<string, Rule>): Promise<void> {
    const changes: MemoryChange[] = [];
    for (const [key, rule] of this.known) if (!rules.has(key)) changes.push({ operation: 'deleted', rule });
    for (const [key, rule] of rules) if (!this.known.has(key)) changes.push({ operation: 'created', rule });
    return this.apply(changes);
  }

  private add(key: string, rule: Rule): boolean {
    const policy = this.assertionOf(rule.ptype)?.policy;
    if (!policy || this.known.has(key)) return false;
    this.known.set(key, rule);
    policy.push([...rule.values]);
    return true;
  }

  private drop(ptype: string, keys: ReadonlySet<string>): void {
    const assertion = this.assertionOf(ptype);
    if (assertion) assertion.policy = assertion.policy.filter((values) => !keys.has(ruleKey({ ptype, values })));
  }

  private assertionOf(ptype: string): { policy: string[][] } | undefined {
    return this.casbin.model.model.get(sectionOf(ptype))?.get(ptype);
  }

  /** Casbin's role manager does its work before it returns the promise; the promise only tells of a refusal. */
  private link(verb: 'addLink' | 'deleteLink', { ptype, values }: Rule): Promise<void> {
    const [child = '', parent = '', ...domain] = values;
    if (sectionOf(ptype) !== 'g') return Promise.resolve();
    return this.casbin.roleManagerOf(ptype)?.[verb](child, parent, ...domain) ?? Promise.resolve();
  }
}
