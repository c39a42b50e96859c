import type { Client } from 'pg';

/** A UUID v7 of a moment; `seed` stands for its random bits. */
const uuidAt = (moment: string, seed: string): string =>
  `(lpad(to_hex((extract(epoch FROM ${moment}) * 1000)::bigint), 12, '0') || '7' || substr(md5(${seed}), 14))::uuid`;

const columns = `seq, id, type, operation, outcome, subject, role, scope, scope_namespace, actor, reason,
  operation_id, request_id, source_ip, user_agent, occurred_at, recorded_at, details, outbox_id, xid`;

/** Records as Grantlog writes them; four in five came with a request. */
const recordsOf = (staged: string): string => `
  SELECT seq, ${uuidAt('moment', `'id' || seq`)}, kind || '.' || operation, operation, outcome, subject,
    CASE kind WHEN 'role_assignment' THEN role END, scope, split_part(scope, '^', 1), actor,
    CASE seq % 3 WHEN 0 THEN 'reorganisation, see ticket ' || call END, ${uuidAt('moment', `'call' || call`)},
    CASE WHEN call % 5 <> 0 THEN 'request-' || call END, '10.0.' || seq % 256 || '.1', 'Mozilla/5.0 (X11; Linux x86_64)', moment, moment,
    jsonb_build_object('ptype', CASE kind WHEN 'policy' THEN 'p' ELSE 'g' END, 'rule', jsonb_build_array(subject, role, scope)), seq, pg_current_xact_id()
  FROM ${staged}`;

/** Fills the log, whose other indexes are dropped, in the order of seq. */
export async function insertRecords(client: Client, table: string, staged: string): Promise<void> {
  await client.query(`INSERT INTO ${table} (${columns}) ${recordsOf(staged)} ORDER BY seq`);
}
