/** A rule as the host's enforcer holds it. */
export interface HeldRule {
  readonly ptype: string;
  readonly values: readonly string[];
}

/** The rules that an enforcer held at one moment. */
export class HeldRules {
  constructor(readonly all: readonly HeldRule[]) {}

  /** Whether nothing was changed in between. Casbin never changes the array of a rule: it puts another one in its place. */
  equals({ all }: HeldRules): boolean {
    return all.length === this.all.length && all.every(({ values }, at) => values === this.all[at]?.values);
  }

  /** The first one that is not among others. */
  firstNotIn(others: HeldRules): HeldRule | undefined {
    const keys = new Set(others.all.map(looseKey));
    return this.all.find((rule) => !keys.has(looseKey(rule)));
  }
}

/**
 * The same text for rules that a table cannot tell apart once Casbin's adapters have read them: they lose empty values and blanks.
 */
export function looseKey({ ptype, values }: HeldRule): string {
  return JSON.stringify([ptype, ...values.map((value) => value.trim()).filter((value) => value !== '')]);
}

/** For people: as in a policy file. */
export function lineOf({ ptype, values }: HeldRule): string {
  return [ptype, ...values].join(', ');
}
