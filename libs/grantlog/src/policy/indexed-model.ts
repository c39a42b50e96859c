import { type Assertion, Model, type RoleManager } from 'casbin';
import { Rule, sectionOf } from '../rules/rule';
import { type RuleShape, shapeOf } from '../rules/rule-shape';
import { type Definition, PolicyView } from './policy-view';
import { RuleIndex, type Values } from './rule-index';
import { orderOf, ordersBySubject } from './rule-order';

/** The rules of one policy type, and how Casbin sees them. */
interface PolicyType {
  readonly shape: RuleShape;
  rules: RuleIndex;
  readonly view: PolicyView;
}

/** A change of memory that no rule in the table stands behind, with what was there before. */
interface StrayEdit {
  readonly ptype: string;
  readonly values: Values;
  readonly wasThere: boolean;
}

/**
 * A Casbin model that finds rules without looking at all of them. It has two sides. `put`, `drop` and `take` are for rules as
 * they are in the table. Casbin's own methods of a model read, and if they change something, the change is remembered as
 * a stray one until `restore()` undoes it: a host that changes the model changes no rule.
 */
export class IndexedModel extends Model {
  private readonly types = new Map<string, PolicyType>();
  /** Requests, effects and matchers, which stay as they were when the module started. */
  private readonly fixed = new Map<PolicyView, string>();
  private readonly strays = new Map<string, StrayEdit>();
  /** What the model is to show, while `this.model` is open to everybody. */
  private readonly shown = new Map<string, Map<string, Assertion>>();

  /** @param source defines the model; rules that it holds are not taken over, because no table has them */
  constructor(source: Model) {
    super();
    for (const [section, assertions] of source.model) {
      for (const [key, { policy: _, ...definition }] of assertions) {
        if (section === 'p' || section === 'g') this.define(definition, shapeOf(source, key));
        else this.fix(section, definition);
      }
    }
  }

  /** The policy types that the model defines. */
  get shapes(): RuleShape[] {
    return [...this.types.values()].map(({ shape }) => shape);
  }

  get size(): number {
    let size = 0;
    for (const { rules } of this.types.values()) size += rules.size;
    return size;
  }

  /** Every rule as Casbin sees it now, changes by strangers included. */
  *contents(): Iterable<Rule> {
    for (const [ptype, type] of this.types) for (const values of this.listOf(type)) yield new Rule(ptype, values);
  }

  shapeOf(ptype: string): RuleShape | undefined {
    return this.types.get(ptype)?.shape;
  }

  rulesOf(ptype: string): RuleIndex | undefined {
    return this.types.get(ptype)?.rules;
  }

  /** From now on `enforce()` follows the links of this role manager. */
  link(ptype: string, rm: RoleManager): void {
    const type = this.types.get(ptype);
    if (!type) return;
    this.define({ ...type.view.definition, rm }, type.shape, type.rules);
  }

  /** The rule is in the table. @returns whether it was not here */
  put(ptype: string, values: Values): boolean {
    this.strays.delete(keyOf(ptype, values));
    return this.rulesOf(ptype)?.add([...values]) ?? false;
  }

  /** The rule is not in the table. @returns whether it was here */
  drop(ptype: string, values: Values): boolean {
    this.strays.delete(keyOf(ptype, values));
    return this.rulesOf(ptype)?.delete(values) ?? false;
  }

  /** These are the rules of a policy type, whatever was there before. */
  take(ptype: string, rules: RuleIndex): void {
    const type = this.types.get(ptype);
    if (!type) return;
    type.rules = rules;
    for (const [key, stray] of this.strays) if (stray.ptype === ptype) this.strays.delete(key);
  }

  /** Shows Casbin what has changed. An `enforce()` under way walks along the rules that it has begun with. */
  changed(ptypes: Iterable<string>): void {
    const stale = new Set(ptypes);
    if (stale.has('g') && ordersBySubject(this)) for (const ptype of this.types.keys()) stale.add(ptype);
    for (const ptype of stale) this.renew(ptype);
  }

  /** Undoes what was changed through Casbin's methods or past them. @returns the policy types or sections in which something was */
  restore(): Set<string> {
    const touched = new Set<string>();
    for (const { ptype, values, wasThere } of this.strays.values()) {
      if (wasThere) this.rulesOf(ptype)?.add([...values]);
      else this.rulesOf(ptype)?.delete(values);
      touched.add(ptype);
    }
    this.strays.clear();
    for (const [ptype, { view }] of this.types) if (!view.intact) touched.add(ptype);
    for (const [view, section] of this.fixed) {
      if (view.intact) continue;
      view.refresh();
      touched.add(section);
    }
    for (const [section, assertions] of this.shown) {
      if (areSame(this.model.get(section), assertions)) continue;
      this.model.set(section, new Map(assertions));
      touched.add(section);
    }
    this.changed(touched);
    return touched;
  }

  override getPolicy(section: string, ptype: string): string[][] {
    return Array.from(this.listOf(this.typeIn(section, ptype)), (rule) => rule.slice());
  }

  override hasPolicy(section: string, ptype: string, rule: string[]): boolean {
    return this.typeIn(section, ptype)?.rules.has(rule) ?? false;
  }

  override getFilteredPolicy(section: string, ptype: string, fieldIndex: number, ...fieldValues: string[]): string[][] {
    const found = [...(this.typeIn(section, ptype)?.rules.matching(fieldIndex, fieldValues) ?? [])];
    return (this.order(ptype)?.(found) ?? found).map((rule) => rule.slice());
  }

  override getValuesForFieldInPolicy(section: string, ptype: string, fieldIndex: number): string[] {
    const values = new Set<string>();
    for (const rule of this.listOf(this.typeIn(section, ptype))) values.add(rule[fieldIndex] as string);
    return [...values];
  }

  override addPolicy(section: string, ptype: string, rule: string[]): boolean {
    return this.addPolicies(section, ptype, [rule])[0];
  }

  override addPolicies(section: string, ptype: string, rules: string[][]): [boolean, string[][]] {
    const type = this.typeIn(section, ptype);
    if (!type || rules.some((rule) => type.rules.has(rule))) return [false, []];
    this.edit(ptype, rules, (rule) => type.rules.add([...rule]));
    return [true, rules];
  }

  override updatePolicy(section: string, ptype: string, oldRule: string[], newRule: string[]): boolean {
    if (!this.removePolicy(section, ptype, oldRule)) return false;
    this.addPolicy(section, ptype, newRule);
    return true;
  }

  override removePolicy(section: string, ptype: string, rule: string[]): boolean {
    return this.removePolicies(section, ptype, [rule])[0];
  }

  override removePolicies(section: string, ptype: string, rules: string[][]): [boolean, string[][]] {
    const type = this.typeIn(section, ptype);
    if (!type || !rules.every((rule) => type.rules.has(rule))) return [false, []];
    this.edit(ptype, rules, (rule) => type.rules.delete(rule));
    return [true, rules];
  }

  override removeFilteredPolicy(
    section: string,
    ptype: string,
    fieldIndex: number,
    ...fieldValues: string[]
  ): [boolean, string[][]] {
    const found = fieldValues.length > 0 ? this.getFilteredPolicy(section, ptype, fieldIndex, ...fieldValues) : [];
    this.removePolicies(section, ptype, found);
    return [found.length > 0, found];
  }

  override clearPolicy(): void {
    for (const { shape } of this.types.values()) {
      const section = sectionOf(shape.ptype);
      this.removePolicies(section, shape.ptype, this.getPolicy(section, shape.ptype));
    }
  }

  /** Changes rules that no table stands behind, remembering how it was before the first such change. */
  private edit(ptype: string, rules: readonly Values[], change: (rule: Values) => boolean): void {
    for (const rule of rules) {
      const values = [...rule];
      const key = keyOf(ptype, values);
      const wasThere = this.rulesOf(ptype)?.has(values) ?? false;
      if (change(values) && !this.strays.has(key)) this.strays.set(key, { ptype, values, wasThere });
    }
    this.changed([ptype]);
  }

  private inOrder(ptype: string): Values[] {
    const rules = [...(this.rulesOf(ptype) ?? [])];
    return this.order(ptype)?.(rules) ?? rules;
  }

  private order(ptype: string): ReturnType<typeof orderOf> {
    const type = this.types.get(ptype);
    if (!type || sectionOf(ptype) !== 'p') return undefined;
    return orderOf(this, type.view.definition, () => [...(this.rulesOf('g') ?? [])]);
  }

  private define(definition: Definition, shape: RuleShape, rules = indexFor(shape)): void {
    const view = new PolicyView(definition, () => this.inOrder(shape.ptype));
    this.types.set(shape.ptype, { shape, rules, view });
    this.show(sectionOf(shape.ptype), shape.ptype, view.assertion);
  }

  private fix(section: string, definition: Definition): void {
    const view = new PolicyView(definition, () => []);
    this.fixed.set(view, section);
    this.show(section, definition.key, view.assertion);
  }

  /** Nobody walks along the rules of a grouping while they change, so these stay in their place. */
  private renew(ptype: string): void {
    const type = this.types.get(ptype);
    if (!type) return;
    if (sectionOf(ptype) === 'g') type.view.refresh();
    else this.define(type.view.definition, type.shape, type.rules);
  }

  private show(section: string, key: string, assertion: Assertion): void {
    for (const sections of [this.shown, this.model]) {
      const assertions = sections.get(section);
      if (assertions) assertions.set(key, assertion);
      else sections.set(section, new Map([[key, assertion]]));
    }
  }

  /** The rules as Casbin sees them; those of which nobody has wanted an array are not made into one that would have to be kept. */
  private listOf(type: PolicyType | undefined): Iterable<Values> {
    if (!type) return [];
    return type.view.isMade || sectionOf(type.shape.ptype) === 'p' ? type.view.assertion.policy : type.rules;
  }

  private typeIn(section: string, ptype: string): PolicyType | undefined {
    return sectionOf(ptype) === section ? this.types.get(ptype) : undefined;
  }
}

/** Rules are looked up by their subject and by where they hold. */
export function indexFor({ scope, arity }: RuleShape): RuleIndex {
  return new RuleIndex(typeof scope === 'number' && scope > 0 ? [scope] : [], arity);
}

function keyOf(ptype: string, values: Values): string {
  return [ptype, ...values].join('\0');
}

function areSame(shown: ReadonlyMap<string, Assertion> | undefined, wanted: ReadonlyMap<string, Assertion>): boolean {
  return shown?.size === wanted.size && [...wanted].every(([key, assertion]) => shown.get(key) === assertion);
}
