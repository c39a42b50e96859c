import { anyScope } from '../contract/namespaced-key';
import type { Rule } from '../rules/rule';
import type { RoleQuestion } from './asked-roles';
import type {
  Creation,
  ExplainedLink,
  ExplainedRule,
  Explanation,
  HiddenPart,
  MissingRole,
  Nearest,
} from './explanation';
import type { Findings } from './findings';
import type { ReadRules, SeenRule } from './rule-source';

const hidden: HiddenPart = { hidden: true };

/** Where a rule holds; `null` for one without a scope. */
type ScopeOf = (rule: Rule) => string | null;

/** Turns what was found into what the viewer may see of it. */
class Showing {
  constructor(
    private readonly read: ReadRules,
    private readonly scopeOf: ScopeOf,
    private readonly subject: string,
  ) {}

  rule(rule: Rule): ExplainedRule | HiddenPart {
    const { ptype, values } = rule;
    return this.ifSeen(rule, (creation) => ({ hidden: false, ptype, values, ...creation }));
  }

  link(rule: Rule): ExplainedLink | HiddenPart {
    const { ptype, values } = rule;
    const [subject = '', role = '', third = null] = values;
    const scope = this.scopeOf(rule) ?? third;
    return this.ifSeen(rule, (creation) => ({ hidden: false, ptype, subject, role, scope, rule: values, ...creation }));
  }

  nearest({ near, roles, more }: Findings): Nearest {
    const rules = near.flatMap(({ rule, missing }) => {
      const shown = this.rule(rule);
      return shown.hidden ? [] : [{ rule: shown, missing: missing.map((question) => this.missing(question)) }];
    });
    const seen = roles.map((rule) => this.link(rule)).filter((link) => !link.hidden);
    return { rules, roles: seen, more };
  }

  private missing({ ptype, subject, role, scope }: RoleQuestion): MissingRole {
    const heldIn = subject === this.subject ? (this.read.held.get(role) ?? []) : [];
    return { ptype, subject, role, scope: scope ?? anyScope, heldIn };
  }

  private ifSeen<T>(rule: Rule, show: (creation: Creation) => T): T | HiddenPart {
    const seen = this.read.seen.get(rule.key);
    return seen?.visible ? show(creationOf(seen)) : hidden;
  }
}

/** @param subject who asked: only of them it is known where they have a role */
export function shownExplanation(findings: Findings, read: ReadRules, scopeOf: ScopeOf, subject: string): Explanation {
  const showing = new Showing(read, scopeOf, subject);
  const { allowed, rule, isEnabled, chain, otherWays, untold } = findings;
  return {
    allowed,
    decidedBy: rule ? 'rule' : isEnabled ? 'no rule' : 'switched off',
    rule: rule ? showing.rule(rule) : null,
    chain: chain.map((link) => showing.link(link)),
    otherWays,
    untold,
    nearest: allowed || rule ? null : showing.nearest(findings),
  };
}

function creationOf({ record, waits }: SeenRule): Creation {
  return { record, unrecorded: record ? null : waits ? 'waiting' : 'past Grantlog' };
}
