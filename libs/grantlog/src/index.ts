export type {
  AssignmentFilter,
  AssignmentItem,
  AssignmentPage,
  AssignmentQuery,
  AssignmentSearch,
} from './assignments/assignment-query';
export type { AttemptsHealth } from './attempts/attempt-log';
export { type AttemptOptions, Attempts } from './attempts/attempts';
export { RoleAssignments } from './assignments/role-assignments';
export { MissingActorError } from './context/attributor';
export type { RequestLike } from './context/request-context';
export { runAs, type RunAsOptions } from './context/run-as';
export type {
  AttemptError,
  AuditDetails,
  AuditEvent,
  AuditEventType,
  AuditOperation,
  AuditOutcome,
  ReadDetails,
  ReadEvent,
  RuleDetails,
  RuleEvent,
  RuleOperation,
} from './contract/audit-event';
export type { AuditRecord } from './contract/audit-record';
export { GrantlogError, type GrantlogErrorCode, InvalidInputError } from './contract/grantlog.error';
export { KeySyntax } from './contract/namespaced-key';
export type { RoleAssignment, RoleAssignmentChange } from './contract/role-assignment';
export type { ReadOptions, VisiblePart, VisibleScopes } from './contract/visible-scopes';
export {
  audited,
  AuditedEnforcer,
  type AuditedSeam,
  type CatchUpOptions,
  type EnforcerClass,
} from './enforcer/audited-enforcer';
export { AUTHZ_ENFORCER } from './enforcer/authz-enforcer';
export { NotConnectedError, ReadOnlyError } from './database/idle-connection';
export { OutcomeUnknownError } from './database/lost-connection';
export { UnauditedCallError } from './enforcer/refused-calls';
export { NotCaughtUpError } from './memory/not-caught-up.error';
export type { ChangeOptions } from './rules/rule-changes';
export type { AuthorizationDecision } from './decisions/authorization-decision';
export type { DecisionsHealth } from './decisions/decision-feed';
export { Explainer, type ExplainerParts } from './explain/explainer';
export type {
  Creation,
  ExplainedLink,
  ExplainedRule,
  Explanation,
  ExplainQuery,
  HiddenPart,
  MissingRole,
  Nearest,
  NearRule,
} from './explain/explanation';
export { type FollowerHealth, Followers } from './followers/followers';
export type { ParkedPage, ParkedRecord } from './followers/parked-records';
export { type GrantlogAsyncOptions, GrantlogModule, type GrantlogStaticOptions } from './grantlog.module';
export type { DecisionOptions, GrantlogOptions, ListenerOptions } from './grantlog.options';
export { GrantlogHealth, type HealthReport } from './health/grantlog-health';
export { GrantlogErrorFilter } from './http/grantlog-error.filter';
export type { ConsoleOptions } from './http/console-options';
export type { HttpOptions } from './http/mounted-controllers';
export { type ScopesOfViewer, Viewer } from './http/viewer';
export { GRANTLOG_OPEN, GRANTLOG_PERMISSION, type GrantlogPermission } from './http/permission';
export { type ImportedRule, type ImportOptions, PolicyImport } from './imports/policy-import';
export { NotInstalledError } from './installation';
export { grantlogEntities } from './grantlog-entities';
export { adoptRules, type AdoptionOptions, grantlogMigrationsFor } from './grantlog-migrations-for';
export type { AdoptionReport } from './migrations/adoption-report';
export { grantlogMigrations } from './migrations/grantlog-migrations';
export { OutboxRelay } from './outbox/outbox-relay';
export type { AssignmentChange, DifferencePage, DifferenceQuery } from './past/difference-query';
export type { AssignmentInterval, HistoryPage, HistoryQuery } from './past/past-query';
export type { FindingKind, LastTold, LogProblem, ProblemCode, RuleFinding } from './reconcile/finding';
export { reconcile, type ReconcileOptions } from './reconcile/reconcile';
export type { ReconcileReport } from './reconcile/reconcile-report';
export { type ReadQuery, RecordedReads } from './reads/recorded-reads';
export { appendOnlyReport, type AppendOnlyReport, grantsFor } from './trail/append-only';
export type { AuditExport, ExportOptions } from './trail/audit-export';
export type { AuditFilter, AuditPage, AuditQuery } from './trail/audit-query';
export { AuditTrail } from './trail/audit-trail';
export type { ExportFormat } from './trail/export-format';
export type { BucketUnit, Histogram, HistogramBucket, HistogramQuery } from './trail/histogram-query';
export type { RecordItem } from './trail/record-item';
export type { KeyField, KeySuggestion, NamespacesInUse, SuggestionQuery } from './trail/suggestion-query';
