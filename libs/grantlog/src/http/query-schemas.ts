import { z } from 'zod';
import { auditEventTypes, auditOperations, auditOutcomes } from '../contract/audit-event';
import { mostPerPage } from '../contract/page-limit';
import { exportFormats } from '../trail/export-format';
import { bucketUnits } from '../trail/histogram-query';
import { mostSuggestions } from '../trail/keys-in-use';
import { keyFields } from '../trail/suggestion-query';

/*
 * The form of queries and bodies: which fields there are, of which type. What a key or a time must look like is checked by
 * the services, which have other callers too.
 */

const text = (description: string): z.ZodString =>
  z
    .string({ error: ({ input }) => (input === undefined ? 'is missing' : 'must be text, given once') })
    .describe(description);

const oneOf = <const T extends readonly string[]>(values: T, description: string): z.ZodEnum<{ [K in T[number]]: K }> =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` }).describe(description);

const upTo = (most: number) => {
  const problem = `must be a whole number from 1 to ${most}`;
  return z.preprocess(
    (value) => (typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value),
    z.number({ error: problem }).int(problem).min(1, problem).max(most, problem),
  );
};

const paging = {
  limit: upTo(mostPerPage).optional().describe(`Items on a page: 1 to ${mostPerPage}. Default: 50`),
  cursor: text('nextCursor of the page before, with the same filters').optional(),
};

const assignmentFilters = {
  subject: text('Namespaced key of the subject').optional(),
  role: text('Namespaced key of the role').optional(),
  scope: text('Namespaced key of the scope, a glob, or *').optional(),
  scopeNamespace: text('Namespace of the scope, such as lib').optional(),
};

export const auditRecordsQuery = z.strictObject({
  ...assignmentFilters,
  subjectPrefix: text('Beginning of the subject').optional(),
  scopePrefix: text('Beginning of the scope').optional(),
  actor: text('Namespaced key of who did it').optional(),
  operation: oneOf(auditOperations, 'What was done').optional(),
  type: oneOf(auditEventTypes, 'Kind of event').optional(),
  outcome: oneOf(auditOutcomes, 'How it ended').optional(),
  from: text('Recorded at this moment or later; ISO 8601').optional(),
  to: text('Recorded before this moment; ISO 8601').optional(),
  requestId: text('Request in which it was done').optional(),
  operationId: text('Call by which it was done; UUID').optional(),
  ...paging,
});
export type AuditRecordsQuery = z.infer<typeof auditRecordsQuery>;

export const exportQuery = auditRecordsQuery.omit({ limit: true, cursor: true }).extend({
  format: oneOf(exportFormats, 'A JSON item on each line, or CSV for spreadsheets').default('ndjson'),
});
export type ExportQuery = z.infer<typeof exportQuery>;

export const histogramQuery = auditRecordsQuery.omit({ limit: true, cursor: true }).extend({
  by: oneOf(
    bucketUnits,
    'How long a bucket is. Default: hour for a window of up to 3 days, day for up to 120, else month',
  ).optional(),
  timeZone: text('IANA name of the zone at whose midnight days and months begin. Default: UTC').optional(),
});
export type HistogramQueryParameters = z.infer<typeof histogramQuery>;

export const suggestionsQuery = z.strictObject({
  word: text('What a key begins with; without a separator, behind any namespace in use'),
  field: oneOf(keyFields, 'Which keys. Default: all, fairly').optional(),
  limit: upTo(mostSuggestions).optional().describe(`1 to ${mostSuggestions}. Default: 10`),
});
export type SuggestionsQuery = z.infer<typeof suggestionsQuery>;

export const roleAssignmentsQuery = z.strictObject({
  ...assignmentFilters,
  asOf: text('What was in force at this moment, as the log tells; ISO 8601. Default: what is in force now').optional(),
  ...paging,
});
export type RoleAssignmentsQuery = z.infer<typeof roleAssignmentsQuery>;

export const assignmentHistoryQuery = z.strictObject({ ...assignmentFilters, ...paging });
export type AssignmentHistoryQuery = z.infer<typeof assignmentHistoryQuery>;

export const assignmentDifferenceQuery = z.strictObject({
  ...assignmentFilters,
  from: text('The earlier moment, of which the log can tell; ISO 8601'),
  to: text('The later one. Default: now, as far as the log is closed').optional(),
  ...paging,
});
export type AssignmentDifferenceQuery = z.infer<typeof assignmentDifferenceQuery>;

export const enforceQuery = z.strictObject({
  subject: text('Who asks: namespaced key').min(1, 'must not be empty'),
  action: text('What for').min(1, 'must not be empty'),
  scope: text('Where').min(1, 'must not be empty'),
});
export type EnforceQuery = z.infer<typeof enforceQuery>;

export const explainQuery = enforceQuery.extend({
  asOf: text('A moment in the past, ISO 8601. Default: now').optional(),
});
export type ExplainQueryParameters = z.infer<typeof explainQuery>;

export const parkedQuery = z.strictObject(paging);
export type ParkedQuery = z.infer<typeof parkedQuery>;

export const changeBody = z.strictObject({
  assignments: z
    .array(
      z.strictObject(
        {
          subject: text('Namespaced key of who gets or loses the role'),
          role: text('Namespaced key of the role'),
          scope: text('Namespaced key, glob or *; left out where the model has no scopes').optional(),
        },
        { error: 'must be an object { subject, role, scope }' },
      ),
      { error: ({ input }) => (input === undefined ? 'is missing' : 'must be a list of { subject, role, scope }') },
    )
    .min(1, 'must name at least one assignment'),
  reason: text('Why, for the record').optional(),
});
export type ChangeBody = z.infer<typeof changeBody>;

/** Calls that take no parameters refuse unknown ones too. */
export const noQuery = z.strictObject({});
export type NoQuery = z.infer<typeof noQuery>;
