import { Arrivals } from './arrivals';
import { WideMap } from './wide-map';

/** The values of a rule's columns. Frozen, because Casbin hands out the arrays that it decides by. */
export type Values = readonly string[];

/**
 * The rules of one policy type in the order in which they came. A rule is found by itself, and the rules with one value in an
 * indexed column are found, without looking at the others.
 */
export class RuleIndex implements Iterable<Values> {
  private readonly rules = new Arrivals<Values>();
  private readonly bySubject = new Column(0, textOf, 16);
  private readonly others: readonly Column[];
  private wide = 0;

  /**
   * @param indexed the columns by which rules are looked up, besides the first one
   * @param width the columns that a rule has, if it fits the model; tables that others wrote may hold longer ones
   */
  constructor(
    indexed: readonly number[],
    private readonly width: number,
  ) {
    this.others = indexed.map((at) => new Column(at, itself, 1_024));
  }

  get size(): number {
    return this.rules.size;
  }

  /** Whether a rule has more columns than the model knows. */
  get hasTooWide(): boolean {
    return this.wide > 0;
  }

  [Symbol.iterator](): IterableIterator<Values> {
    return this.rules[Symbol.iterator]();
  }

  has(values: Values): boolean {
    return this.bySubject.find(values) !== undefined;
  }

  /**
   * @param values becomes the rule, and MUST NOT be changed by anybody else
   * @returns whether it was not there
   */
  add(values: string[]): boolean {
    if (this.has(values)) return false;
    this.append(values);
    return true;
  }

  /** The same for a rule that is certainly not there, because the table holds each of its rules once. */
  append(values: string[]): void {
    if (values.length === 0) return; // which no table holds either
    this.bySubject.add(values);
    for (const column of this.others) column.add(values);
    Object.freeze(values);
    this.rules.add(values);
    if (values.length > this.width) this.wide += 1;
  }

  /** @returns whether it was there */
  delete(values: Values): boolean {
    const rule = this.bySubject.find(values);
    if (!rule) return false;
    this.bySubject.delete(rule);
    for (const column of this.others) column.delete(rule);
    this.rules.delete(rule);
    if (rule.length > this.width) this.wide -= 1;
    return true;
  }

  /** The rules that have these values from a column on. As everywhere in Casbin's filters, `''` stands for any value. */
  *matching(fieldIndex: number, fieldValues: readonly string[]): IterableIterator<Values> {
    for (const rule of this.candidates(fieldIndex, fieldValues)) {
      if (fieldValues.every((value, at) => value === '' || rule[fieldIndex + at] === value)) yield rule;
    }
  }

  /** As few rules as an index can tell that hold all that match. */
  private candidates(fieldIndex: number, fieldValues: readonly string[]): Iterable<Values> {
    let fewest: Group | undefined;
    for (const column of [this.bySubject, ...this.others]) {
      const value = fieldValues[column.at - fieldIndex];
      if (value === undefined || value === '') continue;
      const group = column.with(value);
      if (!group) return [];
      if (!fewest || sizeOf(group) < sizeOf(fewest)) fewest = group;
    }
    return fewest?.values() ?? this.rules;
  }
}

/** Rules with one value in common, in the order in which they came: a list while it is short, then a map. */
type Group = Values[] | Map<string | Values, Values>;

/** The rules by the value of one column. */
class Column {
  private readonly groups = new WideMap<{ readonly value: string; rules: Group }>();

  /**
   * @param keyOf what a rule is found by where there are many: its text, or itself, which is lighter
   * @param mostInList beyond that many, looking through a list takes longer than looking up
   */
  constructor(
    readonly at: number,
    private readonly keyOf: (rule: Values) => string | Values,
    private readonly mostInList: number,
  ) {}

  with(value: string): Group | undefined {
    return this.groups.get(value)?.rules;
  }

  /** The rule with exactly these values. */
  find(values: Values): Values | undefined {
    const value = values[this.at];
    const group = value === undefined ? undefined : this.with(value);
    return group && this.findIn(group, values);
  }

  /** @param rule is not there. All rules of a group share one string; those that come from the database each bring their own. */
  add(rule: string[]): void {
    const value = rule[this.at];
    if (value === undefined) return;
    const group = this.groups.get(value);
    if (!group) this.groups.set(value, { value, rules: [rule] });
    else {
      rule[this.at] = group.value;
      group.rules = this.withOne(group.rules, rule);
    }
  }

  delete(rule: Values): void {
    const value = rule[this.at];
    const group = value === undefined ? undefined : this.groups.get(value);
    if (!group || value === undefined) return;
    if (isList(group.rules)) group.rules.splice(group.rules.indexOf(rule), 1);
    else group.rules.delete(this.keyOf(rule));
    if (sizeOf(group.rules) === 0) this.groups.delete(value);
  }

  /** Values in the table hold no NUL. A rule that does, and so reads like one of more columns, is not that one. */
  private findIn(group: Group, values: Values): Values | undefined {
    if (isList(group)) return group.find((rule) => areEqual(rule, values));
    const rule = group.get(this.keyOf(values));
    return rule?.length === values.length ? rule : undefined;
  }

  private withOne(group: Group, rule: Values): Group {
    if (!isList(group)) return group.set(this.keyOf(rule), rule);
    group.push(rule);
    return group.length <= this.mostInList ? group : new Map(group.map((one) => [this.keyOf(one), one]));
  }
}

function isList(group: Group): group is Values[] {
  return Array.isArray(group);
}

function sizeOf(group: Group): number {
  return isList(group) ? group.length : group.size;
}

function textOf(values: Values): string {
  return values.join('\0');
}

function itself(values: Values): Values {
  return values;
}

function areEqual(one: Values, other: Values): boolean {
  if (one.length !== other.length) return false;
  for (let at = one.length - 1; at >= 0; at -= 1) if (one[at] !== other[at]) return false; // the last columns differ more
  return true;
}
