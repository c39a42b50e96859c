import type { Model } from 'casbin';
import type { EntityManager } from 'typeorm';
import type { Attributor } from '../context/attributor';
import { InvalidInputError } from '../contract/grantlog.error';
import type { OutboxEntry } from '../contract/outbox-batch';
import type { CallerTransaction } from './caller-transaction';
import { checkRule, checkStorable, Rule } from './rule';
import { type RuleShape, shapeOf } from './rule-shape';
import type { RuleStore, Write } from './rule-store';

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
interface Named {
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

  async add(ptype: string, rules: readonly Values[], options?: ChangeOptions & Named): Promise<OutboxEntry[]> {
    const write = this.begin(ptype, options);
    return this.parts.store.add(write, this.complete(write.shape, rules, options?.as));
  }

  async remove(ptype: string, rules: readonly Values[], options?: ChangeOptions & Named): Promise<OutboxEntry[]> {
    const write = this.begin(ptype, options);
    return this.parts.store.remove(write, this.storable(write.shape, rules, options?.as));
  }

  /** @param values what each column must be; `undefined` matches anything, `''` is refused */
  async removeMatching(
    ptype: string,
    values: readonly (string | undefined)[],
    options?: ChangeOptions,
  ): Promise<OutboxEntry[]> {
    const write = this.begin(ptype, options);
    if (values.every((value) => value === undefined)) {
      throw new InvalidInputError('filter', 'must name at least one value; an empty filter would remove every rule');
    }
    return this.parts.store.removeMatching(write, values);
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

  private begin(ptype: string, options: ChangeOptions = {}): Write {
    return {
      shape: this.shapeOf(ptype),
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
    return rules.map((values, index) => {
      const rule = new Rule(ptype, [...values]); // a copy: the caller's array may change before it is sent
      checkStorable(rule, `${name}[${index}]`);
      return rule;
    });
  }
}

function distinct(rules: readonly Rule[]): number {
  return new Set(rules.map(({ key }) => key)).size;
}
