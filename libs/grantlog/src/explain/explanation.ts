import type { AuditRecord } from '../contract/audit-record';

export interface ExplainQuery {
  readonly subject: string;
  readonly action: string;
  readonly scope: string;
  /** A moment in the past, ISO 8601. Default: now, as the table says */
  readonly asOf?: string;
}

/** Something that the viewer may not see: nothing of it is told but that it is there. */
export interface HiddenPart {
  readonly hidden: true;
}

/** Who created a rule that is in force. */
export interface Creation {
  /** The record that began it; `null` if there is none. */
  readonly record: AuditRecord | null;
  /** Why there is no record: it waits to be recorded, or the rule came into the table past Grantlog; `null` if there is one. */
  readonly unrecorded: 'waiting' | 'past Grantlog' | null;
}

/** A rule that decided, or that would. */
export interface ExplainedRule extends Creation {
  readonly hidden: false;
  readonly ptype: string;
  readonly values: readonly string[];
}

/** A rule by which a subject has a role, or an action implies another. */
export interface ExplainedLink extends Creation {
  readonly hidden: false;
  readonly ptype: string;
  readonly subject: string;
  readonly role: string;
  /** Where the rule holds, a glob as it stands; `*` in a model without scopes, `null` for a grouping without. */
  readonly scope: string | null;
  /** All columns of the rule. */
  readonly rule: readonly string[];
}

/** What a rule asks of a grouping that the rules do not say. */
export interface MissingRole {
  readonly ptype: string;
  readonly subject: string;
  readonly role: string;
  readonly scope: string | null;
  /** Scopes in which the subject has the role itself, at most 10 in the order of their bytes. */
  readonly heldIn: readonly string[];
}

/** A rule that would allow the request if the subject had what is missing. */
export interface NearRule {
  readonly rule: ExplainedRule;
  readonly missing: readonly MissingRole[];
}

/** What comes nearest to allowing what is denied. What the viewer may not see is left out. */
export interface Nearest {
  /** At most 10: first those whose role the subject has in another scope, then in the order of the rules. */
  readonly rules: readonly NearRule[];
  /** The roles that the subject has in the scope, none of which allows it: at most 10, nearest first. */
  readonly roles: readonly ExplainedLink[];
  /** Whether there are more of either. */
  readonly more: boolean;
}

/** Why a request is allowed or denied. */
export interface Explanation {
  readonly allowed: boolean;
  /** The moment that was asked for, if one was. */
  readonly asOf?: string;
  /** What decided: a rule; that none did; or that the enforcer is switched off. */
  readonly decidedBy: 'rule' | 'no rule' | 'switched off';
  readonly rule: ExplainedRule | HiddenPart | null;
  /**
   * The assignments and groupings that led to the rule, in order: from the request's subject to the rule's, then for each further
   * grouping that the matcher needed. Each link's role is the next one's subject.
   */
  readonly chain: readonly (ExplainedLink | HiddenPart)[];
  /** Whether the rule would match without one of the links, because there are other ways to it; the chain is the shortest. */
  readonly otherWays: boolean;
  /** Groupings that hold by a matching function of the host, of which no rule can be told. */
  readonly untold: readonly string[];
  /** Of a denial that no rule decided; otherwise `null`. */
  readonly nearest: Nearest | null;
}
