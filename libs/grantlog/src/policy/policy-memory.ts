import type { RuleOperation } from '../contract/audit-event';
import type { Rule } from '../rules/rule';
import type { IndexedModel } from './indexed-model';
import { PolicyDraft } from './policy-draft';
import type { RoleLinks } from './role-links';
import { isLinkedBy, linkOf, linksOf } from './rule-link';

export interface MemoryChange {
  readonly operation: RuleOperation;
  readonly rule: Rule;
}

/** What the memory of a Casbin enforcer consists of. */
export interface PolicyMemoryParts {
  readonly model: IndexedModel;
  /** The role manager of each grouping. */
  readonly links: ReadonlyMap<string, RoleLinks>;
  /** Hears that `enforce()` may answer otherwise than before. MUST NOT throw. */
  readonly changed?: () => void;
}

/**
 * The rules in Casbin's model together with the links in its role managers. Both change in one go, without giving way to
 * other work in between, so that no `enforce()` meets a half-applied change.
 */
export class PolicyMemory {
  constructor(private readonly parts: PolicyMemoryParts) {}

  get size(): number {
    return this.parts.model.size;
  }

  /**
   * Whether decisions depend on where a rule of this type stands among the others. Then it MUST stand as in the table, and not in
   * the order in which this node has heard of the changes, or nodes would decide differently.
   */
  isOrdered(ptype: string): boolean {
    return this.parts.model.shapeOf(ptype)?.ordered ?? false;
  }

  has({ ptype, values }: Rule): boolean {
    return this.parts.model.rulesOf(ptype)?.has(values) ?? false;
  }

  /** Every rule as Casbin sees it now, also what was changed past us. */
  contents(): Iterable<Rule> {
    return this.parts.model.contents();
  }

  /** Applies changes, at most one for each rule. Repeating one does nothing. */
  apply(changes: Iterable<MemoryChange>): void {
    const { model } = this.parts;
    const changed = new Set<string>();
    for (const { operation, rule } of changes) {
      const differs =
        operation === 'created' ? model.put(rule.ptype, rule.values) : model.drop(rule.ptype, rule.values);
      if (this.relink(rule) || differs) changed.add(rule.ptype);
    }
    if (changed.size > 0) this.show(changed);
  }

  /**
   * A place to put rules together before they are shown.
   * @param ptypes policy types. Default: all
   */
  draft(ptypes?: readonly string[]): PolicyDraft {
    return new PolicyDraft(this.parts.model.shapes.filter(({ ptype }) => ptypes?.includes(ptype) ?? true));
  }

  /** Puts a draft in the place of what was there of its types: at no moment is a rule missing that was and stays there. */
  become(draft: PolicyDraft): void {
    for (const [ptype, { rules, graph }] of draft.types) {
      this.parts.model.take(ptype, rules);
      this.parts.links.get(ptype)?.replace(graph);
    }
    this.show(draft.types.keys());
  }

  /** Undoes what was changed through the model or a role manager, past the rules. @returns the policy types (or sections) in which something was */
  restore(): readonly string[] {
    const { model, links } = this.parts;
    const restored = model.restore();
    let touched = restored.size > 0;
    for (const [ptype, roleLinks] of links) {
      const rules = model.rulesOf(ptype);
      const shape = model.shapeOf(ptype);
      if (!rules || !shape || !roleLinks.isTouched) continue;
      touched = true; // what was taken back may have been asked about meanwhile
      const isRule = (...link: (string | undefined)[]): boolean =>
        isLinkedBy(
          rules,
          shape,
          link.filter((value) => value !== undefined),
        );
      if (roleLinks.restore(isRule, () => linksOf(rules, shape))) restored.add(ptype);
    }
    if (touched) this.parts.changed?.();
    return [...restored];
  }

  /** Makes the link of a rule what the rules say. @returns whether it was otherwise */
  private relink({ ptype, values }: Rule): boolean {
    const { model, links } = this.parts;
    const rules = model.rulesOf(ptype);
    const shape = model.shapeOf(ptype);
    const link = shape && linkOf(shape, values);
    const roleLinks = links.get(ptype);
    if (!rules || !link || !roleLinks) return false;
    return isLinkedBy(rules, shape, link) ? roleLinks.link(link) : roleLinks.unlink(link);
  }

  private show(ptypes: Iterable<string>): void {
    this.parts.model.changed(ptypes);
    this.parts.changed?.();
  }
}
