import type { DataSource } from 'typeorm';

/** When the first record of such a log was recorded; each one comes a millisecond after the other. */
const began = Date.UTC(2020, 0, 1);

/** The moment of a record. */
export function momentOf(seq: number): string {
  return new Date(began + seq).toISOString();
}

/**
 * Fills the log with the assignments that a query tells of, past the app: `n`, when it is granted (`from`) and taken away (`to`, may be
 * NULL), in any numbers. Everything is derived from the records by the database itself.
 */
export async function live(dataSource: DataSource, lives: string): Promise<number> {
  await dataSource.query(
    `WITH life AS (${lives}),
     event AS (
       SELECT n, operation, row_number() OVER (ORDER BY at, n) AS seq
       FROM (SELECT n, 'created' AS operation, "from" AS at FROM life
             UNION ALL SELECT n, 'deleted', "to" FROM life WHERE "to" IS NOT NULL) AS event),
     told AS (
       SELECT *, 'user^' || n % 2000 AS subject, CASE WHEN n % 500 = 7 THEN 'role^rare' ELSE 'role^' || n % 5 END AS role,
         'lib' || n % 4 || '^' || n AS scope FROM event)
     INSERT INTO audit_record (seq, id, type, operation, outcome, subject, role, scope, scope_namespace, operation_id, occurred_at,
       recorded_at, details, outbox_id, xid)
     SELECT seq, gen_random_uuid(), 'role_assignment.' || operation, operation, 'success', subject, role, scope, 'lib' || n % 4,
       ('01900000-0000-7000-8000-00000000000' || CASE WHEN seq = 1 THEN 0 ELSE 1 END)::uuid,
       $1::timestamptz + seq * interval '1 ms', $1::timestamptz + seq * interval '1 ms',
       jsonb_build_object('ptype', 'g', 'rule', jsonb_build_array(subject, role, scope)), seq, pg_current_xact_id()
     FROM told ORDER BY seq`,
    [new Date(began).toISOString()],
  );
  await dataSource.query(
    `UPDATE audit_head SET (seq, recorded_at) = (SELECT seq, recorded_at FROM audit_record ORDER BY seq DESC LIMIT 1)`,
  );
  await dataSource.query('ANALYZE audit_record');
  await dataSource.query('ANALYZE audit_interval');
  await dataSource.query('ANALYZE audit_interval_block');
  const [head]: { seq: string }[] = await dataSource.query('SELECT seq::text AS seq FROM audit_head');
  return Number(head?.seq);
}
