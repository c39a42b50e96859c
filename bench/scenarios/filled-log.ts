import type { Client } from 'pg';
import { withIntervalsDerived } from '../derived-intervals';
import { Ours } from '../sides/ours';
import { insertInBulk } from './bulk-insert';

/** Creates the tables in an empty database, and a log as years of use would leave it: of roles that were given and taken. */
export async function fillLog(url: string, records: number): Promise<void> {
  await Ours.createTables(url);
  await insertInBulk(url, 'audit_record', (client) => withIntervalsDerived(client, () => insert(client, records)));
}

async function insert(client: Client, records: number): Promise<void> {
  await client.query('BEGIN');
  await client.query(insertRecords, [records]);
  await client.query('UPDATE audit_head SET seq = $1, recorded_at = now()', [records]);
  await client.query(`SELECT setval(pg_get_serial_sequence('audit_outbox', 'outbox_id'), $1)`, [records]);
  await client.query('COMMIT');
}

/** A UUID v7 of a moment; `seed` stands for its random bits. */
const uuidAt = (moment: string, seed: string): string =>
  `(lpad(to_hex((extract(epoch FROM ${moment}) * 1000)::bigint), 12, '0') || '7' || substr(md5(${seed}), 14))::uuid`;

/** A record a second until now; calls changed one role, and some three; every other record takes back what the last one gave. */
const insertRecords = `
  INSERT INTO audit_record (seq, id, type, operation, outcome, subject, role, scope, scope_namespace, actor, reason,
    operation_id, request_id, source_ip, user_agent, occurred_at, recorded_at, details, outbox_id, xid)
  SELECT n, ${uuidAt('moment', `'id' || n`)}, 'role_assignment.' || operation, operation, 'success', subject, role, scope, 'lib',
    actor, 'reorganisation', ${uuidAt('moment', `'call' || n / 3`)}, 'request-' || n / 3, '10.0.0.1',
    'Mozilla/5.0 (X11; Linux x86_64)', moment, moment,
    jsonb_build_object('ptype', 'g', 'rule', jsonb_build_array(subject, role, scope)), n, pg_current_xact_id()
  FROM (
    SELECT n, now() - ($1::bigint - n) * interval '1 second' AS moment,
      CASE n % 2 WHEN 1 THEN 'created' ELSE 'deleted' END AS operation,
      'user^' || fact * 7919 % 50021 AS subject, 'role^role-' || fact % 20 AS role,
      'lib^lib:Org' || fact % 50 || ':course-' || fact * 104729 % 5003 AS scope, 'user^' || n / 3 % 211 AS actor
    FROM (SELECT n, (n + 1) / 2 AS fact FROM generate_series(1::bigint, $1::bigint) AS n) AS change) AS record`;
