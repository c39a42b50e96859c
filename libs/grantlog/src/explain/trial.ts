import { setImmediate } from 'node:timers/promises';
import { type Assertion, Effect, type Effector, Enforcer, newEnforcerWithClass } from 'casbin';
import { ownBuildOf } from '../host-enforcer/casbin-classes';
import { stateOf } from '../host-enforcer/casbin-state';
import { IndexedModel } from '../policy/indexed-model';
import { PolicyMemory } from '../policy/policy-memory';
import { Rule, sectionOf } from '../rules/rule';
import type { RuleShape } from '../rules/rule-shape';
import {
  type AnsweredQuestion,
  AskedRoles,
  asTheRulesSay,
  keyOfQuestion,
  type Presumption,
  type RoleQuestion,
} from './asked-roles';
import { type Deciding, decideAlike } from './deciding';

/** What Casbin is asked: subject, action, scope. */
export type Request = readonly [subject: string, action: string, scope: string];

/** Casbin's answer. */
export interface Decision {
  readonly allowed: boolean;
  /** The rule that decided, if one did. */
  readonly rule: Rule | undefined;
}

/** What one rule comes to, by itself. */
interface RuleTrial {
  readonly effect: Effect | undefined;
  readonly asked: readonly AnsweredQuestion[];
}

/** Lets every rule have its say, whatever the effect would make of the first ones. */
class EveryEffect implements Effector {
  readonly effects: Effect[] = [];

  newStream(): ReturnType<Effector['newStream']> {
    return {
      current: () => false,
      pushEffect: (effect) => {
        this.effects.push(effect);
        return [false, false, false];
      },
    };
  }
}

/** How many rules are gone through before the event loop has its turn. */
const rulesAtOnce = 1_000;

/** How many answers of one rule are tried without. */
const mostTried = 20;

/** An enforcer that decides as the app's does, over rules of its own: nobody else has it, and it writes to nothing. */
export class Trial {
  private constructor(
    private readonly enforcer: Enforcer,
    private readonly model: IndexedModel,
    readonly roles: ReadonlyMap<string, AskedRoles>,
  ) {}

  /** @param rules in the order in which they stand in the table; those that the model does not define count for nothing */
  static async of(deciding: Deciding, rules: Iterable<Rule>): Promise<Trial> {
    const model = new IndexedModel(deciding.model);
    const enforcer = await newEnforcerWithClass(ownBuildOf(deciding.enforcerClass), model);
    const groupings = model.shapes.map(({ ptype }) => ptype).filter((ptype) => sectionOf(ptype) === 'g');
    const roles = new Map(groupings.map((ptype) => [ptype, new AskedRoles(ptype)]));
    for (const [ptype, asked] of roles) {
      enforcer.setNamedRoleManager(ptype, asked);
      model.link(ptype, asked);
    }
    decideAlike(enforcer, roles, deciding);
    const memory = new PolicyMemory({ model, links: roles });
    const draft = memory.draft();
    let added = 0;
    for (const { ptype, values } of rules) {
      draft.add(ptype, values);
      added += 1;
      if (added % rulesAtOnce === 0) await setImmediate();
    }
    memory.become(draft);
    return new Trial(enforcer, model, roles);
  }

  shapeOf(ptype: string): RuleShape | undefined {
    return this.model.shapeOf(ptype);
  }

  /** Whether the enforcer is asked at all: one that is switched off allows everything. */
  get isEnabled(): boolean {
    return stateOf(this.enforcer).enabled;
  }

  async decide(request: Request): Promise<Decision> {
    this.begin(asTheRulesSay);
    const answer: unknown = await this.enforcer.enforceEx(...request);
    if (!Array.isArray(answer)) return { allowed: answer === true, rule: undefined }; // Casbin's answer when it is switched off
    const [allowed, values] = answer as [boolean, string[]];
    const decided = this.readsPolicies && values.length > 0;
    return { allowed, rule: decided ? new Rule('p', values) : undefined };
  }

  /** Everything that is asked of the groupings if every rule has its say. */
  async questions(request: Request): Promise<AnsweredQuestion[]> {
    await this.effects(request, asTheRulesSay);
    return this.asked();
  }

  /** The rules that would allow a request under a presumption, in their order. */
  async allowing(request: Request, presume: Presumption): Promise<Rule[]> {
    if (!this.readsPolicies) return [];
    const effects = await this.effects(request, presume);
    const allowing = this.policies?.policy.filter((_, at) => effects[at] === Effect.Allow) ?? [];
    return allowing.map((values) => new Rule('p', values));
  }

  /** What is asked for one rule alone. */
  async alone(request: Request, { values }: Rule, presume: Presumption): Promise<RuleTrial> {
    const { policies } = this;
    const all = policies?.policy;
    if (!policies || !all) return { effect: undefined, asked: [] };
    policies.policy = [values as string[]];
    try {
      const [effect] = await this.effects(request, presume);
      return { effect, asked: this.asked() };
    } finally {
      policies.policy = all;
    }
  }

  /** The answers without which a rule would not match: what else was asked, or would have been, does not matter. */
  async evidence(request: Request, rule: Rule): Promise<AnsweredQuestion[]> {
    const { effect, asked } = await this.alone(request, rule, asTheRulesSay);
    const positive = asked.filter(({ holds, subject, role }) => holds && subject !== role);
    const needed = new Set(positive.map(keyOfQuestion));
    for (const question of positive.slice(0, mostTried).reverse()) {
      const key = keyOfQuestion(question);
      needed.delete(key);
      const without = await this.alone(request, rule, (other) =>
        other.subject === other.role ? undefined : needed.has(keyOfQuestion(other)),
      );
      if (without.effect !== effect) needed.add(key);
    }
    return positive.filter((question) => needed.has(keyOfQuestion(question)));
  }

  /** Whether the rules say so, whatever is presumed. */
  holds({ ptype, subject, role, scope }: RoleQuestion): boolean {
    const links = this.roles.get(ptype);
    links?.begin(asTheRulesSay);
    return links?.syncedHasLink(subject, role, ...(scope === undefined ? [] : [scope])) ?? false;
  }

  /** Where the matcher reads no policy, Casbin names the first one although none has decided. */
  private get readsPolicies(): boolean {
    return this.model.model.get('m')?.get('m')?.value.includes('p_') ?? false;
  }

  private get policies(): Assertion | undefined {
    return this.model.model.get('p')?.get('p');
  }

  private async effects(request: Request, presume: Presumption): Promise<readonly Effect[]> {
    const every = new EveryEffect();
    const { eft } = stateOf(this.enforcer);
    this.begin(presume);
    this.enforcer.setEffector(every);
    try {
      await this.inParts(() => Enforcer.prototype.enforceEx.apply(this.enforcer, [...request])); // the class may remember answers
      return every.effects;
    } finally {
      this.enforcer.setEffector(eft);
    }
  }

  /** Where every rule has its say, none depends on another: the event loop goes round between some and the next ones. */
  private async inParts(ask: () => Promise<unknown>): Promise<void> {
    const { policies } = this;
    const all = policies?.policy;
    if (!policies || !all || all.length <= rulesAtOnce) {
      await ask();
      return;
    }
    try {
      for (let at = 0; at < all.length; at += rulesAtOnce) {
        policies.policy = all.slice(at, at + rulesAtOnce);
        await ask();
        await setImmediate();
      }
    } finally {
      policies.policy = all;
    }
  }

  private begin(presume: Presumption): void {
    for (const roles of this.roles.values()) roles.begin(presume);
  }

  private asked(): AnsweredQuestion[] {
    return [...this.roles.values()].flatMap(({ asked }) => asked);
  }
}
