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
  private readonly bySubject = new Column(0);
  private readonly columns: readonly Column[];
  private wide = 0;

  /**
   * @param indexed the columns by which rules are looked up, besides the first one
   * @param width the columns that a rule has, if it fits the model; tables that others wrote may hold longer ones
   */
  constructor(
    indexed: readonly number[],
    private readonly width: number,
  ) {
    this.columns = [this.bySubject, ...indexed.map((at) => new Column(at))];
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
    if (values.length === 0 || this.has(values)) return false;
    for (const column of this.columns) column.add(values);
    Object.freeze(values);
    this.rules.add(values);
    if (values.length > this.width) this.wide += 1;
    return true;
  }

  /** @returns whether it was there */
  delete(values: Values): boolean {
    const rule = this.bySubject.find(values);
    if (!rule) return false;
    for (const column of this.columns) column.delete(rule);
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
    for (const column of this.columns) {
      const value = fieldValues[column.at - fieldIndex];
      if (value === undefined || value === '') continue;
      const group = column.with(value);
      if (!group) return [];
      if (!fewest || sizeOf(group) < sizeOf(fewest)) fewest = group;
    }
    return fewest?.values() ?? this.rules;
  }
}

/** Rules with one value in common, in the order in which they came: a list while it is short, then a map of their texts. */
type Group = Values[] | Map<string, Values>;

/** Rules in a list. Beyond that many, looking through it takes longer than making up a text. */
const mostInList = 32;

/** The rules by the value of one column. */
class Column {
  private readonly groups = new WideMap<{ readonly value: string; rules: Group }>();

  constructor(readonly at: number) {}

  with(value: string): Group | undefined {
    return this.groups.get(value)?.rules;
  }

  /** The rule with exactly these values. */
  find(values: Values): Values | undefined {
    const value = values[this.at];
    const group = value === undefined ? undefined : this.with(value);
    if (!group) return undefined;
    return isList(group) ? group.find((rule) => areEqual(rule, values)) : foundIn(group, values);
  }

  /** All rules of a group share one string, because rules that come from the database each bring their own. */
  add(rule: string[]): void {
    const value = rule[this.at];
    if (value === undefined) return;
    const group = this.groups.get(value);
    if (!group) this.groups.set(value, { value, rules: [rule] });
    else {
      rule[this.at] = group.value;
      group.rules = withRule(group.rules, rule);
    }
  }

  delete(rule: Values): void {
    const value = rule[this.at];
    const group = value === undefined ? undefined : this.groups.get(value);
    if (!group || value === undefined) return;
    if (isList(group.rules)) group.rules.splice(group.rules.indexOf(rule), 1);
    else group.rules.delete(textOf(rule));
    if (sizeOf(group.rules) === 0) this.groups.delete(value);
  }
}

function withRule(group: Group, rule: Values): Group {
  if (!isList(group)) return group.set(textOf(rule), rule);
  group.push(rule);
  return group.length <= mostInList ? group : new Map(group.map((one) => [textOf(one), one]));
}

function isList(group: Group): group is Values[] {
  return Array.isArray(group);
}

function sizeOf(group: Group): number {
  return isList(group) ? group.length : group.size;
}

/** Values in the table hold no NUL. A rule that does, and so reads like one of more columns, is not that one. */
function foundIn(group: ReadonlyMap<string, Values>, values: Values): Values | undefined {
  const rule = group.get(textOf(values));
  return rule?.length === values.length ? rule : undefined;
}

function textOf(values: Values): string {
  return values.join('\0');
}

function areEqual(one: Values, other: Values): boolean {
  if (one.length !== other.length) return false;
  for (let at = one.length - 1; at >= 0; at -= 1) if (one[at] !== other[at]) return false; // the last columns differ more
  return true;
}
