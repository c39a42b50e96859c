import { type Command, Option } from 'commander';
import { auditEventTypes, auditOperations, auditOutcomes } from '../contract/audit-event';
import type { AuditFilter } from '../trail/audit-query';

/** Adds an option for each filter of the audit trail. */
export function withRecordFilters(command: Command): Command {
  return command
    .option('--subject <key>', 'whom it is about')
    .option('--role <key>', 'which role')
    .option('--scope <key>', 'where: a scope, a glob, or *')
    .option('--scope-namespace <namespace>', 'namespace of the scope, such as lib')
    .option('--subject-prefix <text>', 'beginning of the subject')
    .option('--scope-prefix <text>', 'beginning of the scope')
    .option('--actor <key>', 'who did it')
    .addOption(new Option('--operation <operation>', 'what was done').choices(auditOperations))
    .addOption(new Option('--type <type>', 'kind of event').choices(auditEventTypes))
    .addOption(new Option('--outcome <outcome>', 'how it ended').choices(auditOutcomes))
    .option('--from <time>', 'recorded at this moment or later; ISO 8601')
    .option('--to <time>', 'recorded before this moment; ISO 8601')
    .option('--request-id <id>', 'request in which it was done')
    .option('--operation-id <uuid>', 'call by which it was done');
}

/** The filter among the options of a command. */
export function recordFilterOf(options: AuditFilter): AuditFilter {
  const { subject, role, scope, scopeNamespace, subjectPrefix, scopePrefix, actor } = options;
  const { operation, type, outcome, from, to, requestId, operationId } = options;
  return {
    ...{ subject, role, scope, scopeNamespace, subjectPrefix, scopePrefix, actor },
    ...{ operation, type, outcome, from, to, requestId, operationId },
  };
}
