import { z } from 'zod';
import { auditEventTypes, auditOperations, auditOutcomes } from '../contract/audit-event';
import { bucketUnits } from '../trail/histogram-query';
import { keyFields } from '../trail/suggestion-query';

const time = z.string().describe('ISO 8601, UTC, with microseconds');
const nextCursor = z.string().nullable().describe('null on the last page');
const display = z.string().describe('The key without its namespace');

const ruleDetails = z.object({
  ptype: z.string(),
  rule: z.array(z.string()),
  error: z
    .object({ code: z.string(), message: z.string(), field: z.string().optional() })
    .optional()
    .describe('Why an attempt changed nothing'),
  attempted: z.number().optional().describe('How many rules an attempt named, if more than are recorded'),
});

const readDetails = z
  .object({ query: z.record(z.string(), z.string()) })
  .describe('What was asked for, of audit.read and audit.exported');

export const auditRecordItem = z
  .object({
    seq: z.string().describe('Place in the log, a bigint: append order, without gaps'),
    id: z.string().describe('Id of the event, UUID v7'),
    type: z.enum(auditEventTypes),
    operation: z.enum(auditOperations),
    outcome: z.enum(auditOutcomes),
    occurredAt: time,
    recordedAt: time,
    actor: z.string().nullable().describe('Who did it; null = system, no context known'),
    subject: z.string(),
    role: z.string().nullable(),
    scope: z.string().nullable(),
    subjectDisplay: display,
    roleDisplay: display.nullable(),
    scopeDisplay: display.nullable(),
    reason: z.string().nullable(),
    requestId: z.string().nullable(),
    operationId: z.string(),
    sourceIp: z.string().nullable(),
    userAgent: z.string().nullable(),
    details: z.union([ruleDetails, readDetails]),
  })
  .meta({ id: 'AuditRecord' });

export const auditRecordsPage = z
  .object({
    items: z.array(auditRecordItem),
    nextCursor,
    closedThrough: time.describe('What was recorded up to here is complete and never changes'),
  })
  .meta({ id: 'AuditRecordsPage' });

export const exportedRecords = z.string().describe('Items of AuditRecordsPage, one a line, or the same as CSV');

export const auditHistogram = z
  .object({
    by: z.enum(bucketUnits),
    timeZone: z.string(),
    items: z
      .array(
        z.object({
          from: time,
          to: time,
          count: z.number().nullable().describe('Exact; null if it would take too long to count'),
        }),
      )
      .describe('Oldest first, empty ones included. The first and the last one are cut where from and to cut them'),
    countedFrom: time
      .nullable()
      .describe('Beginning of the oldest bucket that is counted; the end of the last one if none is; null if all are'),
    closedThrough: time.describe('What was recorded up to here is counted'),
  })
  .meta({ id: 'AuditRecordsHistogram' });

const namespaces = z.array(z.string());
export const namespacesInUse = z
  .object({ subject: namespaces, role: namespaces, scope: namespaces, actor: namespaces })
  .meta({ id: 'NamespacesInUse' });

export const keySuggestions = z
  .object({ items: z.array(z.object({ field: z.enum(keyFields), key: z.string() })) })
  .meta({ id: 'KeySuggestions' });

const assignmentKeys = {
  subject: z.string(),
  role: z.string(),
  scope: z.string(),
  subjectDisplay: display,
  roleDisplay: display,
  scopeDisplay: display,
};

export const roleAssignmentsPage = z
  .object({
    items: z.array(
      z.object({
        ...assignmentKeys,
        grantedBy: z.string().nullable().optional().describe('With asOf: who granted it; null = system'),
        grantedAt: time.optional().describe('With asOf: the moment of the record that granted it'),
      }),
    ),
    nextCursor,
    asOf: z.string().optional().describe('With asOf: that moment'),
    seq: z.string().optional().describe('With asOf: the last record that counts'),
  })
  .meta({ id: 'RoleAssignmentsPage' });

export const assignmentHistoryPage = z
  .object({
    items: z.array(
      z.object({
        ...assignmentKeys,
        granted: auditRecordItem.nullable().describe('The record that began it; null if none tells of its creation'),
        ended: auditRecordItem
          .nullable()
          .describe(
            'The record that ended it; null while it is in force. One that created it again: it was taken away past Grantlog',
          ),
      }),
    ),
    nextCursor,
    closedThrough: time.describe('What was recorded up to here is told'),
  })
  .meta({ id: 'RoleAssignmentHistoryPage' });

export const assignmentDifferencePage = z
  .object({
    items: z
      .array(
        z.object({
          change: z
            .enum(['created', 'deleted'])
            .describe('In force at the later moment only, or at the earlier one only'),
          ...assignmentKeys,
          record: auditRecordItem.describe('The last one about it between the two'),
        }),
      )
      .describe('Newest change first; may be fewer than limit, even none, with more pages to come'),
    nextCursor,
    from: z.string().describe('The earlier moment'),
    to: z.string().describe('The later one, the same on all pages'),
  })
  .meta({ id: 'RoleAssignmentDifferencePage' });

export const changeResults = z
  .object({
    results: z.array(z.object({ subject: z.string(), role: z.string(), scope: z.string(), changed: z.boolean() })),
  })
  .meta({ id: 'RoleAssignmentResults' });

export const decision = z.object({ allowed: z.boolean() }).meta({ id: 'Decision' });

export const viewing = z
  .object({ viewer: z.string().nullable().describe('null if nobody is known') })
  .meta({ id: 'Viewing' });

export const managing = z.object({ manages: z.literal(true) }).meta({ id: 'Managing' });

export const parkedPage = z
  .object({
    items: z.array(
      z.object({
        id: z.string(),
        follower: z.string(),
        seq: z.string(),
        eventId: z.string(),
        type: z.string(),
        attempts: z.number(),
        lastError: z.string(),
        parkedAt: time,
      }),
    ),
    nextCursor,
  })
  .meta({ id: 'ParkedPage' });

export const retryOutcome = z
  .object({ delivered: z.boolean(), error: z.string().nullable() })
  .meta({ id: 'RetryOutcome' });

export const healthReport = z
  .object({
    status: z.enum(['green', 'yellow', 'red']),
    problems: z.array(z.string()),
    outbox: z.object({ depth: z.number().nullable(), oldestAgeSeconds: z.number().nullable() }),
    recording: z.object({ failures: z.number(), lastError: z.string().nullable() }),
    memory: z.object({ behindMs: z.number(), lastError: z.string().nullable() }),
    attempts: z
      .object({ waiting: z.number(), dropped: z.number(), lastError: z.string().nullable() })
      .nullable()
      .describe('null if attempts are not recorded'),
    decisions: z
      .object({ taken: z.number(), dropped: z.number(), failed: z.number(), lastError: z.string().nullable() })
      .nullable()
      .describe('null if decisions are not told'),
    followers: z.array(
      z.object({
        name: z.string(),
        seq: z.string(),
        lag: z.number(),
        attempts: z.number(),
        lastError: z.string().nullable(),
        parked: z.number(),
      }),
    ),
    parked: z.number(),
    appendOnly: z.object({
      state: z.enum(['enforced', 'bypassable']),
      reasons: z.array(z.string()),
      statements: z.array(z.string()),
    }),
    closedThrough: time.nullable(),
  })
  .meta({ id: 'HealthReport' });
