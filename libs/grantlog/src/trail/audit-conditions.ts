import { InvalidInputError } from '../contract/grantlog.error';
import type { AuditFilter } from './audit-query';

/** Collects SQL conditions with their parameters. */
export class Conditions {
  readonly parameters: unknown[] = [];
  private readonly all: string[] = [];

  add(condition: (parameter: string) => string, value: unknown): void {
    this.all.push(condition(`$${this.parameters.push(value)}`));
  }

  toString(): string {
    return this.all.length === 0 ? 'true' : this.all.join(' AND ');
  }
}

const equals: Partial<Record<keyof AuditFilter, string>> = {
  subject: 'subject',
  role: 'role',
  scope: 'scope',
  scopeNamespace: 'scope_namespace',
  actor: 'actor',
  operation: 'operation',
  type: 'type',
  outcome: 'outcome',
  requestId: 'request_id',
  operationId: 'operation_id',
};

const startsWith: Partial<Record<keyof AuditFilter, string>> = { subjectPrefix: 'subject', scopePrefix: 'scope' };

/** A filter as conditions on `audit_record`. Times become a range of seq, because both run in the same direction. */
export function conditionsOf(filter: AuditFilter): Conditions {
  const conditions = new Conditions();
  for (const [field, value] of Object.entries(filter) as [keyof AuditFilter, string | undefined][]) {
    if (value === undefined) continue;
    const column = equals[field];
    const prefixed = startsWith[field];
    if (column) conditions.add((parameter) => `${column} = ${parameter}`, value);
    else if (prefixed) conditions.add((parameter) => `${prefixed} LIKE ${parameter}`, `${literally(value)}%`);
    else if (field === 'from') conditions.add((parameter) => `seq >= audit_seq_at(${parameter})`, moment(value, field));
    else if (field === 'to') conditions.add((parameter) => `seq < audit_seq_at(${parameter})`, moment(value, field));
  }
  return conditions;
}

/** Text in which `%`, `_` and `\` stand for themselves in a LIKE pattern. */
function literally(text: string): string {
  return text.replace(/[\\%_]/g, (character) => `\\${character}`);
}

const iso8601 = /^((?!0000)\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-](0\d|1[0-4]):[0-5]\d))?$/;

function moment(value: string, field: string): string {
  const [, day, time] = iso8601.exec(value) ?? [];
  if (day !== undefined && isDay(day) && !Number.isNaN(Date.parse(value))) return time ? value : `${day}T00:00:00Z`;
  throw new InvalidInputError(field, 'must be a moment in ISO 8601, such as 2026-01-31T09:30:00Z or 2026-01-31 (UTC)');
}

/** Date.parse takes 2026-02-30 for the second of March. */
function isDay(day: string): boolean {
  const parsed = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(day);
}
