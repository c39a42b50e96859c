/** Seconds for which a viewer's reading of a query needs no further record. */
const onceIn = 3_600;

/** Milliseconds to wait for another node that records the same now; it may stand still. */
const patience = 5_000;

/** Sees what was committed meanwhile, whatever the isolation of the database. */
export const begin = `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = ${patience}`;

/** Whoever else records the same now waits until this transaction has ended, and then finds its event. $1 who reads what, as a number */
export const alone = `SELECT pg_advisory_xact_lock($1::bigint)`;

const same = `type = $2 AND actor IS NOT DISTINCT FROM $5::text AND subject = $4 AND details = $11::jsonb
  AND occurred_at > clock_timestamp() - interval '${onceIn} seconds'`;

/** Those in the log that may be the same lead into an index, as in every query of it. What occurred since was recorded since. */
const recordedLately = (column: string, key: string): string => `
  SELECT occurred_at FROM audit_record WHERE ${column} IS NOT NULL
    AND (${column}, seq) >= (${key}::text, (SELECT audit_seq_at(clock_timestamp() - interval '${onceIn} seconds')))
    AND (${column}, seq) <= (${key}::text, 9223372036854775807) AND ${same}`;

/**
 * Puts the event into the outbox, if neither that nor the log has one of the last hour. One statement, hence one snapshot: what is on its
 * way from the outbox to the log is in one of them. MUST come after `alone` in its transaction. Answers whether it was put there, and
 * for how many seconds none is needed now.
 *
 * $1 id, $2 type, $3 operation, $4 subject, $5 actor, $6 reason, $7 operation id, $8 request id, $9 source ip, $10 user agent, $11 details
 * @param hasActor those of one viewer are found by the viewer, those of nobody known by what is read
 */
export const insertRead = (hasActor: boolean): string => `
  /* Grantlog: reads, INSERT INTO audit_outbox */
  WITH known AS MATERIALIZED (
    SELECT occurred_at FROM (
      SELECT occurred_at FROM audit_outbox WHERE ${same}
      UNION ALL
      ${hasActor ? recordedLately('actor', '$5') : recordedLately('subject', '$4')}) AS event
    ORDER BY occurred_at DESC LIMIT 1),
  inserted AS (
    INSERT INTO audit_outbox (id, type, operation, outcome, subject, actor, reason, operation_id, request_id, source_ip, user_agent, details)
    SELECT $1::uuid, $2::text, $3::text, 'success', $4::text, $5::text, $6::text, $7::uuid, $8::text, $9::text, $10::text, $11::jsonb
    WHERE NOT EXISTS (SELECT FROM known)
    RETURNING occurred_at)
  SELECT "isNew", extract(epoch FROM occurred_at + interval '${onceIn} seconds' - clock_timestamp())::float8 AS "needlessFor"
  FROM (SELECT true AS "isNew", occurred_at FROM inserted UNION ALL SELECT false, occurred_at FROM known) AS event`;
