import type { DataSource } from 'typeorm';
import type { TestApp } from './app';

/** Commits many events with long reasons in one statement, and waits until they are recorded: about 1.6 kB each in an export. */
export async function recordMany(app: TestApp, count: number, from = 1): Promise<void> {
  await commitMany(app.dataSource, count, from);
  await app.relay.drained();
}

export async function commitMany(dataSource: DataSource, count: number, from = 1): Promise<void> {
  await dataSource.query(
    `INSERT INTO audit_outbox (type, operation, outcome, subject, role, scope, actor, reason, operation_id, details)
     SELECT 'grouping.created', 'created', 'success', 'user^' || number, 'role^reader', 'lib^' || number % 100, 'user^7',
       repeat('because ', 125), gen_random_uuid(), jsonb_build_object('ptype', 'x', 'rule', jsonb_build_array('user^' || number))
     FROM generate_series($2::int, $1 + $2 - 1) AS number ORDER BY number`,
    [count, from],
  );
}
