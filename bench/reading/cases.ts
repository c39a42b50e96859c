import type { AuditFilter, AuditRecord } from 'grantlog';

/** A way of asking, for which each record of a sample gives one question. */
export interface Case {
  readonly name: string;
  filter(record: AuditRecord): AuditFilter;
}

const namespaceOf = ({ scope }: AuditRecord): string => scope?.split('^')[0] ?? '';

const fields = {
  subject: ({ subject }) => subject,
  role: ({ role }) => role,
  scope: ({ scope }) => scope,
  scopeNamespace: namespaceOf,
  actor: ({ actor }) => actor,
  operation: ({ operation }) => operation,
  type: ({ type }) => type,
  outcome: ({ outcome }) => outcome,
  requestId: ({ requestId }) => requestId,
  operationId: ({ operationId }) => operationId,
  subjectPrefix: ({ subject }) => subject.slice(0, -1),
  scopePrefix: ({ scope }) => scope?.split(/[+:]/).slice(0, 2).join(':') ?? null,
  from: ({ recordedAt }) => recordedAt,
  to: ({ recordedAt }) => recordedAt,
} satisfies { [Field in keyof AuditFilter]?: (record: AuditRecord) => string | null };

type Field = keyof typeof fields;

const asking = (...names: Field[]): Case => ({
  name: names.join('+'),
  filter: (record) => Object.fromEntries(names.map((name) => [name, fields[name](record)])),
});

/** Values that occur, and those that few records or none have: both are asked for. */
export const rare: readonly { readonly name: string; readonly filter: AuditFilter }[] = [
  { name: 'scopeNamespace (rare)', filter: { scopeNamespace: 'ccx-v1' } },
  { name: 'scopeNamespace (absent)', filter: { scopeNamespace: 'absent' } },
  { name: 'subject (absent)', filter: { subject: 'user^absent' } },
  { name: 'role (absent)', filter: { role: 'role^absent' } },
  { name: 'outcome (rare)', filter: { outcome: 'denied' } },
  { name: 'outcome (absent)', filter: { outcome: 'failed' } },
  { name: 'type (rare)', filter: { type: 'policy.deleted' } },
  { name: 'type (absent)', filter: { type: 'grouping.created' } },
  { name: 'scopePrefix (absent)', filter: { scopePrefix: 'lib^lib:Nowhere' } },
];

export const singles: readonly Case[] = (
  [
    'subject',
    'role',
    'scope',
    'scopeNamespace',
    'actor',
    'operation',
    'type',
    'outcome',
    'requestId',
    'operationId',
    'from',
    'to',
  ] as const
).map((field) => asking(field));

export const pairs: readonly Case[] = [
  asking('subject', 'role'),
  asking('subject', 'scope'),
  asking('role', 'scope'),
  asking('role', 'scopeNamespace'),
  asking('actor', 'scope'),
  asking('actor', 'role'),
  asking('operation', 'scopeNamespace'),
  asking('subject', 'to'),
  asking('scopeNamespace', 'to'),
];

export const prefixes: readonly Case[] = [asking('subjectPrefix'), asking('scopePrefix')];
