import type { Model } from 'casbin';
import type { EntityManager } from 'typeorm';
import type { Attributor } from '../context/attributor';
import { InvalidInputError } from '../contract/grantlog.error';
import type { RuleEntry } from '../contract/outbox-batch';
import type { CallerTransaction } from './caller-transaction';
import { checkRule, checkStorable, Rule, sectionOf } from './rule';
import type { RuleDifference } from './rule-difference';
import { casbinFilter, type RuleFilter } from './rule-filter';
import { type RuleShape, shapeOf } from './rule-shape';
import type { Call, RuleStore, Write } from './rule-store';

export interface RuleChangesParts {
  readonly model: Model;
  readonly store: RuleStore;
  readonly attributor: Attributor;
  readonly transaction: CallerTransaction;
  readonly maxRules: number;
}

/** What a caller may say about a change besides the rules. */
export interface ChangeOptions {
  readonly reason?: string;
  readonly manager?: EntityManager;
}

/** How errors call the rules, when the caller knows them by another name. */
export interface Named {
  readonly as?: string;
}

type Values = readonly string[];

/**
 * Takes a change from the caller to the store: attributes it, checks it, finds its transaction. Every method does all that
 * before its first `await`, while the caller's context is the current one. The answers are what really changed.
 */
export class RuleChanges {
  private readonly shapes = new Map<string, RuleShape>();

  constructor(private readonly parts: RuleChangesParts) {}

  shapeOf(ptype: string): RuleShape {
    const known = this.shapes.get(ptype);
    if (known) return known;
    const shape = shapeOf(this.parts.model, ptype);
    this.shapes.set(ptype, shape);
    return shape;
  }

  async add(ptype: string, rules: readonly Values[], options?: ChangeOptions & Named): Promise<RuleEntry[]> {
    const write = this.begin(ptype, options);
    return this.parts.store.add(write, this.complete(write.shape, rules, options?.as));
  }

  async remove(ptype: string, rules: readonly Values[], options?: ChangeOptions & Named): Promise<RuleEntry[]> {
    const write = this.begin(ptype, options);
    return this.parts.store.remove(write, this.storable(write.shape, rules, options?.as));
  }

  /** @param values what each column must be; `undefined` matches anything, `''` is refused */
  removeMatching(ptype: string, values: RuleFilter['values'], options?: ChangeOptions): Promise<RuleEntry[]> {
    return this.removeAnyOf(() => [{ ptype, values }], options);
  }

  /**
   * Removes what one of the filters matches or more than one: each rule once, all of them together.
   * @param filtersOf may throw, if they are asked for what cannot be
   */
  async removeAnyOf(filtersOf: () => readonly RuleFilter[], options?: ChangeOptions): Promise<RuleEntry[]> {
    const call = this.call(options);
    const filters = filtersOf();
    if (filters.some(({ values }) => values.every((value) => value === undefined))) {
      throw new InvalidInputError('filter', 'must name at least one value; an empty filter would remove every rule');
    }
    const shaped = filters.map(({ ptype, values }) => ({ shape: this.shapeOf(ptype), values }));
    return this.parts.store.removeMatching(call, shaped);
  }

  /** Casbin's removal: what the columns from an index on must be, where `''` matches anything. */
  removeFiltered(ptype: string, fieldIndex: number, fieldValues: Values): Promise<RuleEntry[]> {
    return this.removeAnyOf(() => [casbinFilter(ptype, fieldIndex, fieldValues)]);
  }

  /**
   * Casbin's update: the old rule goes and the new one comes, both or neither.
   * @returns whether the old rule was there
   */
  async update(ptype: string, old: Values, renewed: Values): Promise<boolean> {
    const write = this.begin(ptype);
    const [from, to] = [storableRule(ptype, old, 'oldRule'), storableRule(ptype, renewed, 'newRule')];
    checkRule(to, write.shape.arity, 'newRule');
    const { store } = this.parts;
    return from.key === to.key ? store.holds(write, from) : store.replace(write, from, to);
  }

  /** Casbin's batch: if one rule is there already, none is added. @returns whether they were added */
  async addAllOrNone(ptype: string, rules: readonly Values[]): Promise<boolean> {
    const write = this.begin(ptype);
    const complete = this.complete(write.shape, rules);
    return this.parts.store.allOrNone(write, distinct(complete), (inside) => this.parts.store.add(inside, complete));
  }

  /** Casbin's batch: if one rule is missing, none is removed. @returns whether they were removed */
  async removeAllOrNone(ptype: string, rules: readonly Values[]): Promise<boolean> {
    const write = this.begin(ptype);
    const storable = this.storable(write.shape, rules);
    return this.parts.store.allOrNone(write, distinct(storable), (inside) => this.parts.store.remove(inside, storable));
  }

  /**
   * Makes the table hold what somebody wants it to hold, each rule that really changes with its event.
   * @param find compares; it is given the transaction in which the difference is then written
   * @throws InvalidInputError if a missing rule does not fit the model
   */
  async reconcile(find: (manager: EntityManager) => Promise<RuleDifference>): Promise<void> {
    const call = this.call();
    const { store, maxRules } = this.parts;
    await store.whole(call.manager, async (manager) => {
      const { surplus, missing } = await find(manager);
      let entries: RuleEntry[] = [];
      for (const [ptype, rules] of byPtype(surplus)) {
        if (!this.defines(ptype)) continue;
        entries = entries.concat(await store.remove({ ...this.write(ptype, call), manager, within: true }, rules));
      }
      for (const [ptype, rules] of byPtype(missing)) {
        const write: Write = { ...this.write(ptype, call), manager, within: true };
        for (let from = 0; from < rules.length; from += maxRules) {
          const values = rules.slice(from, from + maxRules).map((rule) => rule.values);
          entries = entries.concat(await store.add(write, this.complete(write.shape, values)));
        }
      }
      return entries;
    });
  }

  private write(ptype: string, call: Call): Write {
    return { shape: this.shapeOf(ptype), ...call };
  }

  /** Rules of policy types that the model lacks may be another app's. */
  defines(ptype: string): boolean {
    return this.parts.model.model.get(sectionOf(ptype))?.has(ptype) ?? false;
  }

  private begin(ptype: string, options?: ChangeOptions): Write {
    return this.write(ptype, this.call(options));
  }

  private call(options: ChangeOptions = {}): Call {
    return {
      attribution: this.parts.attributor.attribute(options.reason),
      manager: this.parts.transaction.managerOf(options.manager),
    };
  }

  /** Rules that fit the model. */
  private complete(shape: RuleShape, rules: readonly Values[], name = 'rules'): Rule[] {
    const storable = this.storable(shape, rules, name);
    storable.forEach((rule, index) => checkRule(rule, shape.arity, `${name}[${index}]`));
    return storable;
  }

  /** Rules that the table could hold. */
  private storable({ ptype }: RuleShape, rules: readonly Values[], name = 'rules'): Rule[] {
    const most = this.parts.maxRules;
    if (rules.length > most) {
      throw new InvalidInputError(name, `must be at most ${most} in one call (option maxRules); got ${rules.length}`);
    }
    return rules.map((values, index) => storableRule(ptype, values, `${name}[${index}]`));
  }
}

function storableRule(ptype: string, values: Values, field: string): Rule {
  if (!Array.isArray(values)) throw new InvalidInputError(field, 'must be a list of values');
  const rule = new Rule(ptype, [...(values as Values)]); // a copy: the caller's array may change before it is sent
  checkStorable(rule, field);
  return rule;
}

function byPtype(rules: readonly Rule[]): Map<string, Rule[]> {
  const found = new Map<string, Rule[]>();
  for (const rule of rules) {
    const known = found.get(rule.ptype);
    if (known) known.push(rule);
    else found.set(rule.ptype, [rule]);
  }
  return found;
}

function distinct(rules: readonly Rule[]): number {
  return new Set(rules.map(({ key }) => key)).size;
}
