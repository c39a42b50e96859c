import type { MatchingFunc } from 'casbin';
import { deepest, defaultScope } from '../policy/link-graph';
import { linkOf } from '../policy/rule-link';
import type { Rule } from '../rules/rule';
import type { RuleShape } from '../rules/rule-shape';

/** How a name was reached: by a rule, from another one. */
interface Step {
  readonly rule: Rule;
  readonly before: Step | undefined;
}

/** The ways from subjects up to their roles, along the rules of one grouping. */
export class RolePaths {
  private readonly bySubject = new Map<string, Rule[]>();

  /** @param domains says which scopes hold for another one, besides itself */
  constructor(
    private readonly shape: RuleShape,
    rules: Iterable<Rule>,
    private readonly domains: MatchingFunc | undefined,
  ) {
    for (const rule of rules) {
      const [subject] = linkOf(shape, rule.values) ?? [];
      if (rule.ptype !== shape.ptype || subject === undefined) continue;
      const known = this.bySubject.get(subject);
      if (known) known.push(rule);
      else this.bySubject.set(subject, [rule]);
    }
  }

  /** The fewest rules by which a subject has a role; of several ways that are as short, the first in the order of the rules. */
  shortest(subject: string, role: string, scope: string | undefined, without?: Rule): Rule[] | undefined {
    for (const step of this.up(subject, scope, without)) {
      if (step.rule.values[1] === role) return wayTo(step);
    }
    return undefined;
  }

  /** The rules that give a subject roles in a scope, nearest first; one for each role. */
  reached(subject: string, scope: string | undefined): Rule[] {
    return Array.from(this.up(subject, scope), ({ rule }) => rule);
  }

  /** Breadth-first, each role once, as far up as Casbin's role managers go. */
  private *up(subject: string, scope = defaultScope, without?: Rule): Iterable<Step> {
    const seen = new Set([subject]);
    let level: [string, Step | undefined][] = [[subject, undefined]];
    for (let left = deepest; left > 0 && level.length > 0; left -= 1) {
      const next: [string, Step][] = [];
      for (const [name, before] of level) {
        for (const rule of this.from(name, scope, without)) {
          const [, role = ''] = rule.values;
          if (seen.size === seen.add(role).size) continue;
          const step = { rule, before };
          yield step;
          next.push([role, step]);
        }
      }
      level = next;
    }
  }

  private from(name: string, asked: string, without: Rule | undefined): Rule[] {
    const rules = this.bySubject.get(name) ?? [];
    return rules.filter((rule) => rule.key !== without?.key && this.holdsIn(rule, asked));
  }

  private holdsIn({ values }: Rule, asked: string): boolean {
    const [, , scope = defaultScope] = linkOf(this.shape, values) ?? [];
    return scope === asked || (this.domains?.(asked, scope) ?? false);
  }
}

function wayTo(last: Step): Rule[] {
  const way: Rule[] = [];
  for (let step: Step | undefined = last; step; step = step.before) way.unshift(step.rule);
  return way;
}
