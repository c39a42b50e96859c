import type { DataSource } from 'typeorm';

/** A record as of a moment; what is left out is filled in. Its policy type is unknown to memory. */
export interface DatedRecord {
  readonly at: string;
  readonly type?: string;
  readonly outcome?: string;
  readonly subject?: string;
  readonly role?: string | null;
  readonly scope?: string | null;
  readonly actor?: string | null;
  readonly request_id?: string | null;
  readonly operation_id?: string;
}

/** Appends records of the past to the log, oldest first, as if they had been recorded then. */
export async function appendDated(dataSource: DataSource, records: readonly DatedRecord[]): Promise<void> {
  await dataSource.query(
    `WITH head AS (SELECT seq FROM audit_head FOR UPDATE),
     appended AS (
       INSERT INTO audit_record (seq, id, type, operation, outcome, subject, role, scope, scope_namespace, actor, request_id,
         operation_id, occurred_at, recorded_at, details, outbox_id, xid)
       SELECT head.seq + place, gen_random_uuid(), kind, split_part(kind, '.', 2), coalesce(outcome, 'success'),
         coalesce(subject, 'user^1'), role, scope, split_part(scope, '^', 1), actor, request_id,
         coalesce(operation_id, gen_random_uuid()), at, at, '{"ptype": "x", "rule": []}', head.seq + place, pg_current_xact_id()
       FROM head, ROWS FROM (jsonb_to_recordset($1) AS (at timestamptz, type text, outcome text, subject text, role text, scope text,
           actor text, request_id text, operation_id uuid)) WITH ORDINALITY AS row(at, type, outcome, subject, role, scope, actor,
           request_id, operation_id, place),
         LATERAL (SELECT coalesce(type, 'role_assignment.created')) AS named(kind)
       RETURNING seq, recorded_at)
     UPDATE audit_head SET (seq, recorded_at) = (SELECT max(appended.seq), max(appended.recorded_at) FROM appended)`,
    [JSON.stringify(records)],
  );
}
