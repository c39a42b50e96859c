import { Assertion } from 'casbin';
import type { Values } from './rule-index';

/** What the model defines of a policy type: everything of its assertion but the rules. */
export type Definition = Omit<Assertion, 'policy' | 'buildIncrementalRoleLinks' | 'buildRoleLinks'>;

const definitionKeys = ['key', 'value', 'rm', 'fieldIndexMap'] as const;

const viewOf = Symbol('the view that makes the rules of an assertion');

interface LiveAssertion extends Assertion {
  readonly [viewOf]: PolicyView;
}

/** Stands on a prototype, where V8 reads it as fast as a value: `enforce()` does for each column of each policy. */
const live = Object.create(Assertion.prototype, {
  policy: {
    get(this: LiveAssertion) {
      return this[viewOf].rules();
    },
    set(this: LiveAssertion, policy: Values[]) {
      this[viewOf].replace(policy);
    },
  },
}) as Assertion;

/**
 * A policy type as Casbin reads it: an assertion whose array of rules is made when somebody asks for it, and kept. Casbin
 * walks along it by index and hands it to everybody, so that it is compared before it is trusted again. A matcher or an effect
 * is the same without rules.
 */
export class PolicyView {
  readonly assertion: Assertion;
  private policy: Values[] | undefined;
  private made: readonly Values[] | undefined;

  readonly definition: Definition;

  constructor(
    definition: Definition,
    private readonly read: () => Values[],
  ) {
    this.definition = { ...definition, tokens: [...definition.tokens] };
    this.assertion = Object.assign(Object.create(live) as LiveAssertion, { [viewOf]: this });
    this.define();
  }

  /** Whether somebody has wanted the array since the rules have changed. */
  get isMade(): boolean {
    return this.policy !== undefined;
  }

  /** The array that Casbin sees. */
  rules(): Values[] {
    return (this.policy ??= this.remember(this.read()));
  }

  /** Somebody has put another array there. */
  replace(policy: Values[]): void {
    this.policy = policy;
  }

  /** Whether the assertion is as it was defined, and its array holds what it was made of. */
  get intact(): boolean {
    const { policy, made = [], assertion, definition } = this;
    if (definitionKeys.some((key) => assertion[key] !== definition[key])) return false;
    if (!areSame(assertion.tokens, definition.tokens)) return false;
    return policy === undefined || areSame(policy, made);
  }

  /** The rules have changed: the next one who asks gets a new array, while whoever has the old one keeps it. */
  refresh(): void {
    this.policy = undefined;
    this.made = undefined;
    this.define();
  }

  /** Tokens are not frozen, because V8 is slow in walking along a frozen list, and `enforce()` does. */
  private define(): void {
    Object.assign(this.assertion, this.definition, { tokens: [...this.definition.tokens] });
  }

  private remember(rules: Values[]): Values[] {
    this.made = rules.slice();
    return rules;
  }
}

function areSame<T>(one: readonly T[], other: readonly T[]): boolean {
  return one.length === other.length && one.every((element, at) => element === other[at]);
}
