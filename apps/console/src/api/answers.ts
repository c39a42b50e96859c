/*
 * What the API answers, as far as the page reads it. apps/console/test/answers.spec.ts holds it against the schemas that the server
 * describes its answers by.
 */

export interface Keys {
  readonly subject: string;
  readonly role: string | null;
  readonly scope: string | null;
  /** The keys without their namespaces. */
  readonly subjectDisplay: string;
  readonly roleDisplay: string | null;
  readonly scopeDisplay: string | null;
}

export interface RecordItem extends Keys {
  readonly seq: string;
  readonly id: string;
  readonly type: string;
  readonly operation: string;
  readonly outcome: string;
  readonly occurredAt: string;
  readonly recordedAt: string;
  readonly actor: string | null;
  readonly reason: string | null;
  readonly requestId: string | null;
  readonly operationId: string;
  readonly sourceIp: string | null;
  readonly userAgent: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

export interface RecordsPage extends Page<RecordItem> {
  readonly closedThrough: string;
}

/** What an assignment is, and what one is told apart by. */
export interface Assignment {
  readonly subject: string;
  readonly role: string;
  readonly scope: string;
}

export interface AssignmentItem extends Assignment {
  readonly subjectDisplay: string;
  readonly roleDisplay: string;
  readonly scopeDisplay: string;
  /** Of the past: who granted it and when. */
  readonly grantedBy?: string | null;
  readonly grantedAt?: string;
}

export interface AssignmentsPage extends Page<AssignmentItem> {
  readonly asOf?: string;
}

export interface Interval extends AssignmentItem {
  readonly granted: RecordItem | null;
  readonly ended: RecordItem | null;
}

export interface HistoryPage extends Page<Interval> {
  readonly closedThrough: string;
}

export interface Difference extends AssignmentItem {
  readonly change: 'created' | 'deleted';
  /** The one that made it so. */
  readonly record: RecordItem;
}

export interface DifferencePage extends Page<Difference> {
  readonly from: string;
  readonly to: string;
}

export interface ChangeResults {
  readonly results: readonly (Assignment & { readonly changed: boolean })[];
}

export interface Hidden {
  readonly hidden: true;
}

export interface Creation {
  readonly record: RecordItem | null;
  readonly unrecorded: 'waiting' | 'past Grantlog' | null;
}

export interface ExplainedRule extends Creation {
  readonly hidden: false;
  readonly ptype: string;
  readonly values: readonly string[];
}

export interface ExplainedLink extends Creation {
  readonly hidden: false;
  readonly ptype: string;
  readonly subject: string;
  readonly role: string;
  readonly scope: string | null;
  readonly subjectDisplay: string;
  readonly roleDisplay: string;
  readonly scopeDisplay: string | null;
}

export interface Missing {
  readonly ptype: string;
  readonly subject: string;
  readonly role: string;
  readonly scope: string | null;
  /** Scopes in which the subject has the role. */
  readonly heldIn: readonly string[];
}

export interface Nearest {
  readonly rules: readonly { readonly rule: ExplainedRule; readonly missing: readonly Missing[] }[];
  readonly roles: readonly ExplainedLink[];
  readonly more: boolean;
}

export interface Explanation {
  readonly allowed: boolean;
  readonly asOf?: string;
  readonly decidedBy: 'rule' | 'no rule' | 'switched off';
  readonly rule: ExplainedRule | Hidden | null;
  readonly chain: readonly (ExplainedLink | Hidden)[];
  readonly otherWays: boolean;
  readonly untold: readonly string[];
  readonly nearest: Nearest | null;
}

interface Fallible {
  readonly lastError: string | null;
}

export interface Follower extends Fallible {
  readonly name: string;
  readonly seq: string;
  readonly lag: number;
  readonly attempts: number;
  readonly parked: number;
}

export interface HealthReport {
  readonly status: 'green' | 'yellow' | 'red';
  readonly problems: readonly string[];
  readonly outbox: { readonly depth: number | null; readonly oldestAgeSeconds: number | null };
  readonly recording: Fallible & { readonly failures: number };
  readonly memory: Fallible & { readonly behindMs: number };
  readonly attempts: (Fallible & { readonly waiting: number; readonly dropped: number }) | null;
  readonly decisions: (Fallible & { readonly taken: number; readonly dropped: number; readonly failed: number }) | null;
  readonly followers: readonly Follower[];
  readonly parked: number;
  readonly appendOnly: {
    readonly state: 'enforced' | 'bypassable';
    readonly reasons: readonly string[];
    readonly statements: readonly string[];
  };
  readonly closedThrough: string | null;
}

export interface Parked {
  readonly id: string;
  readonly follower: string;
  readonly seq: string;
  readonly eventId: string;
  readonly type: string;
  readonly attempts: number;
  readonly lastError: string;
  readonly parkedAt: string;
}

export interface RetryOutcome {
  readonly delivered: boolean;
  readonly error: string | null;
}

/** How many records each stretch of time has; `null` where counting would take too long. */
export interface Histogram {
  readonly by: 'hour' | 'day' | 'month';
  readonly timeZone: string;
  readonly items: readonly Bucket[];
  readonly countedFrom: string | null;
  readonly closedThrough: string;
}

export interface Bucket {
  readonly from: string;
  readonly to: string;
  readonly count: number | null;
}

export type KeyColumn = 'subject' | 'role' | 'scope' | 'actor';

/** The namespaces in use in each column. */
export type Namespaces = Readonly<Record<KeyColumn, readonly string[]>>;

export interface Suggestion {
  readonly field: KeyColumn;
  readonly key: string;
}

export interface Suggestions {
  readonly items: readonly Suggestion[];
}
