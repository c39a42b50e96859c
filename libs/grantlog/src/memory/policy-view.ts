import { Assertion } from 'casbin';
import type { Values } from './rule-index';

/** What the model defines of a policy type: everything of its assertion but the rules. */
export type Definition = Omit<Assertion, 'policy' | 'buildIncrementalRoleLinks' | 'buildRoleLinks'>;

const definitionKeys = ['key', 'value', 'tokens', 'rm', 'fieldIndexMap'] as const;

/**
 * A policy type as Casbin reads it: an assertion whose array of rules is made when somebody asks for it, and kept. Casbin
 * walks along it by index and hands it to everybody, so that it is compared before it is trusted again.
 */
export class PolicyView {
  readonly assertion: Assertion;
  private policy: Values[] | undefined;
  private made: readonly Values[] | undefined;

  readonly definition: Definition;

  constructor(definition: Definition, read: () => Values[]) {
    this.definition = { ...definition, tokens: Object.freeze([...definition.tokens]) as string[] };
    this.assertion = Object.create(Assertion.prototype, {
      policy: {
        enumerable: true,
        get: () => (this.policy ??= this.remember(read())),
        set: (policy: Values[]) => (this.policy = policy),
      },
    }) as Assertion;
    Object.assign(this.assertion, this.definition);
  }

  /** Whether the assertion is as it was defined, and its array holds what it was made of. */
  get intact(): boolean {
    const { policy, made = [], assertion, definition } = this;
    if (definitionKeys.some((key) => assertion[key] !== definition[key])) return false;
    return policy === undefined || (policy.length === made.length && policy.every((rule, at) => rule === made[at]));
  }

  /** The rules have changed: the next one who asks gets a new array, while whoever has the old one keeps it. */
  refresh(): void {
    this.policy = undefined;
    this.made = undefined;
    Object.assign(this.assertion, this.definition);
  }

  private remember(rules: Values[]): Values[] {
    this.made = rules.slice();
    return rules;
  }
}
