import type { KeySyntax } from '../contract/namespaced-key';
import type { ExplainedLink, ExplainedRule, Explanation, HiddenPart, Nearest, NearRule } from './explanation';
import { type RecordItem, recordItem } from '../trail/record-item';

interface RuleItem extends ExplainedRule {
  readonly record: RecordItem | null;
}

interface LinkItem extends ExplainedLink {
  readonly subjectDisplay: string;
  readonly roleDisplay: string;
  readonly scopeDisplay: string | null;
  readonly record: RecordItem | null;
}

interface NearestItem extends Nearest {
  readonly rules: readonly (NearRule & { readonly rule: RuleItem })[];
  readonly roles: readonly LinkItem[];
}

/** An explanation as the API shows it: its records as everywhere, and keys also without their namespace. */
export interface ExplanationItem extends Explanation {
  readonly rule: RuleItem | HiddenPart | null;
  readonly chain: readonly (LinkItem | HiddenPart)[];
  readonly nearest: NearestItem | null;
}

export function explanationItem(explanation: Explanation, keys: KeySyntax): ExplanationItem {
  const { rule, chain, nearest } = explanation;
  return {
    ...explanation,
    rule: rule && (rule.hidden ? rule : ruleItem(rule, keys)),
    chain: chain.map((link) => (link.hidden ? link : linkItem(link, keys))),
    nearest: nearest && {
      ...nearest,
      rules: nearest.rules.map((near) => ({ ...near, rule: ruleItem(near.rule, keys) })),
      roles: nearest.roles.map((link) => linkItem(link, keys)),
    },
  };
}

function ruleItem(rule: ExplainedRule, keys: KeySyntax): RuleItem {
  return { ...rule, record: rule.record && recordItem(rule.record, keys) };
}

function linkItem(link: ExplainedLink, keys: KeySyntax): LinkItem {
  const { hidden, ptype, subject, role, scope, record, ...rest } = link;
  return {
    hidden,
    ptype,
    subject,
    role,
    scope,
    subjectDisplay: keys.display(subject),
    roleDisplay: keys.display(role),
    scopeDisplay: scope === null ? null : keys.display(scope),
    ...rest,
    record: record && recordItem(record, keys),
  };
}
