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
