import type { Command } from 'commander';
import type { PastFilter } from '../past/past-query';
import { wholeNumber } from './settings';

/** Adds an option for each filter of assignments, and those for pages. */
export function withAssignmentFilters(command: Command): Command {
  return command
    .option('--subject <key>', 'whose')
    .option('--role <key>', 'which role')
    .option('--scope <key>', 'where: a scope, a glob, or *')
    .option('--scope-namespace <namespace>', 'namespace of the scope, such as lib')
    .option('--limit <count>', 'how many: 1 to 200. Default: 50', wholeNumber)
    .option('--cursor <cursor>', 'nextCursor of the page before, with the same filters');
}

/** The filter among the options of a command. */
export function assignmentFilterOf({ subject, role, scope, scopeNamespace }: PastFilter): PastFilter {
  return { subject, role, scope, scopeNamespace };
}
