export type { AssignmentFilter, AssignmentPage, AssignmentQuery } from './assignments/assignment-query';
export type { AttemptsHealth } from './attempts/attempt-log';
export { type AttemptOptions, Attempts } from './attempts/attempts';
export { RoleAssignments } from './assignments/role-assignments';
export { MissingActorError } from './context/attributor';
export type { RequestLike } from './context/request-context';
export { runAs, type RunAsOptions } from './context/run-as';
export type {
  AttemptError,
  AuditEvent,
  AuditEventType,
  AuditOperation,
  AuditOutcome,
  RuleDetails,
} from './contract/audit-event';
export type { AuditRecord } from './contract/audit-record';
export { GrantlogError, type GrantlogErrorCode, InvalidInputError } from './contract/grantlog.error';
export { KeySyntax } from './contract/namespaced-key';
export type { RoleAssignment, RoleAssignmentChange } from './contract/role-assignment';
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
export { type FollowerHealth, Followers } from './followers/followers';
export type { ParkedPage, ParkedRecord } from './followers/parked-records';
export { type GrantlogAsyncOptions, GrantlogModule, type GrantlogStaticOptions } from './grantlog.module';
export type { GrantlogOptions, ListenerOptions } from './grantlog.options';
export { GrantlogHealth, type HealthReport } from './health/grantlog-health';
export { GrantlogErrorFilter } from './http/grantlog-error.filter';
export type { HttpOptions } from './http/mounted-controllers';
export { GRANTLOG_PERMISSION, type GrantlogPermission } from './http/permission';
export { type ImportedRule, type ImportOptions, PolicyImport } from './imports/policy-import';
export { NotInstalledError } from './installation';
export { grantlogEntities } from './grantlog-entities';
export { adoptRules, type AdoptionOptions, grantlogMigrationsFor } from './grantlog-migrations-for';
export type { AdoptionReport } from './migrations/adoption-report';
export { grantlogMigrations } from './migrations/grantlog-migrations';
export { OutboxRelay } from './outbox/outbox-relay';
export { appendOnlyReport, type AppendOnlyReport, grantsFor } from './trail/append-only';
export type { AuditFilter, AuditPage, AuditQuery } from './trail/audit-query';
export { AuditTrail } from './trail/audit-trail';
