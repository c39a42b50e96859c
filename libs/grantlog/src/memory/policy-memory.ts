import { Assertion, type Model, type RoleManager } from 'casbin';
import type { AuditOperation } from '../contract/audit-event';
import { type Rule, sectionOf } from '../rules/rule';

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

/** What becomes of the rules of one policy type; those that go are the very arrays that stand in the model. */
interface Edit {
  readonly added: string[][];
  readonly removed: Set<string[]>;
}

/** A rule in memory, and the array that stands for it in Casbin's model. */
interface Known {
  readonly rule: Rule;
  readonly values: string[];
}

/**
 * The rules in Casbin's model together with the links in its role managers. Both change in one go, without giving way to
 * other work in between, so that no `enforce()` meets a half-applied change.
 */
export class PolicyMemory {
  private readonly known = new Map<string, Known>();

  constructor(private readonly casbin: CasbinParts) {}

  get size(): number {
    return this.known.size;
  }

  /** Applies changes, at most one for each rule. Repeating one does nothing. */
  async apply(changes: Iterable<MemoryChange>): Promise<void> {
    const links: Promise<void>[] = [];
    const edits = new Map<string, Edit>();
    for (const { operation, rule } of changes) {
      const known = this.known.get(rule.key);
      if (!this.assertionOf(rule.ptype) || (known !== undefined) === (operation === 'created')) continue;
      const edit = edits.get(rule.ptype) ?? { added: [], removed: new Set() };
      edits.set(rule.ptype, edit);
      if (known) {
        this.known.delete(rule.key);
        edit.removed.add(known.values);
        links.push(this.link('deleteLink', rule));
      } else {
        const values = [...rule.values];
        this.known.set(rule.key, { rule, values });
        edit.added.push(values);
        links.push(this.link('addLink', rule));
      }
    }
    for (const [ptype, edit] of edits) this.rewrite(ptype, edit);
    if (edits.size > 0) this.casbin.sortPolicies();
    await Promise.all(links);
  }

  /** Makes memory hold exactly these rules, by the difference: at no moment is a rule missing that was and stays there. */
  replace(rules: ReadonlyMap<string, Rule>): Promise<void> {
    const changes: MemoryChange[] = [];
    for (const [key, { rule }] of this.known) if (!rules.has(key)) changes.push({ operation: 'deleted', rule });
    for (const [key, rule] of rules) if (!this.known.has(key)) changes.push({ operation: 'created', rule });
    return this.apply(changes);
  }

  /**
   * Puts a new assertion in the place of the old one: an `enforce()` under way walks along the old one's rules by index, and
   * would stumble if they moved. Only additions to groupings, along which nobody walks, are made in place.
   */
  private rewrite(ptype: string, { added, removed }: Edit): void {
    const assertion = this.assertionOf(ptype);
    if (!assertion) return;
    if (sectionOf(ptype) === 'g' && removed.size === 0) {
      for (const values of added) assertion.policy.push(values);
      return;
    }
    const renewed = Object.assign(new Assertion(), assertion, {
      policy: without(assertion.policy, removed).concat(added),
    });
    this.casbin.model.model.get(sectionOf(ptype))?.set(ptype, renewed);
  }

  private assertionOf(ptype: string): Assertion | undefined {
    return this.casbin.model.model.get(sectionOf(ptype))?.get(ptype);
  }

  /** Casbin's role manager does its work before it returns the promise; the promise only tells of a refusal. */
  private link(verb: 'addLink' | 'deleteLink', { ptype, values }: Rule): Promise<void> {
    const [child = '', parent = '', ...domain] = values;
    if (sectionOf(ptype) !== 'g') return Promise.resolve();
    return this.casbin.roleManagerOf(ptype)?.[verb](child, parent, ...domain) ?? Promise.resolve();
  }
}

function without(policy: readonly string[][], removed: ReadonlySet<string[]>): string[][] {
  if (removed.size > 1) return policy.filter((values) => !removed.has(values));
  const [only] = removed;
  const at = only ? policy.indexOf(only) : -1;
  return at < 0 ? [...policy] : policy.toSpliced(at, 1);
}
