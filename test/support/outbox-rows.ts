import type { DataSource } from 'typeorm';

/** What a row of the outbox says; everything else is filled in. Its policy type is unknown to memory. */
export interface OutboxRow {
  readonly type: string;
  readonly subject: string;
  readonly role?: string | null;
  readonly scope?: string | null;
  readonly actor?: string | null;
  readonly request_id?: string | null;
  readonly operation_id?: string;
}

/** Commits events of any kind, for tests of reading; the app's own relay records them. */
export async function commitEvents(dataSource: DataSource, rows: readonly OutboxRow[]): Promise<void> {
  await dataSource.query(
    `INSERT INTO audit_outbox (type, operation, outcome, subject, role, scope, actor, request_id, operation_id, details)
     SELECT type, split_part(type, '.', 2), 'success', subject, role, scope, actor, request_id,
       coalesce(operation_id, gen_random_uuid()), '{"ptype": "x", "rule": []}'
     FROM jsonb_to_recordset($1) AS row(type text, subject text, role text, scope text, actor text, request_id text,
       operation_id uuid)`,
    [JSON.stringify(rows)],
  );
}
