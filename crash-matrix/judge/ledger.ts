import type { Findings } from '../findings';

/** Up to where changes, records and deliveries have been compared. */
export interface Verified {
  readonly witness: string;
  readonly seq: string;
  readonly outboxId: string;
}

/** Where a comparison begins. */
export interface From {
  readonly verified: Verified;
  /** What has been found so far. With it everything is compared again, and what is new counts. */
  readonly known?: Findings;
}

export const fromTheBeginning: Verified = { witness: '0', seq: '0', outboxId: '0' };

/** Where everything ends at this moment. */
export const theEnd = `
  SELECT (SELECT coalesce(max(id), 0)::text FROM witness) AS witness,
    (SELECT greatest(max(seq), $1::bigint)::text FROM audit_record) AS seq,
    (SELECT greatest(max(outbox_id), $2::bigint)::text FROM audit_record) AS "outboxId"`;

/** The witness against the log, both as multisets: behind $1 and $2. Attempts are records of no change. */
export const unequal = `
  WITH changed AS (
    SELECT xid, operation, rule, count(*) AS times FROM witness WHERE id > $1 GROUP BY xid, operation, rule),
  recorded AS (
    SELECT xid, operation, jsonb_build_array(details -> 'ptype') || (details -> 'rule') AS rule, count(*) AS times
    FROM audit_record WHERE seq > $2 AND outcome = 'success' GROUP BY 1, 2, 3)
  SELECT coalesce(sum(greatest(coalesce(changed.times, 0) - coalesce(recorded.times, 0), 0)), 0)::int AS missed,
    coalesce(sum(greatest(coalesce(recorded.times, 0) - coalesce(changed.times, 0), 0)), 0)::int AS "withoutChange"
  FROM changed FULL JOIN recorded USING (xid, operation, rule)`;

/**
 * Events behind $1 that were recorded before, by their id or by their place in the outbox; places up to $2 have been recorded.
 * At rest nothing is open any more that could still commit an earlier place.
 */
export const repeated = `
  SELECT count(*)::int AS duplicates FROM (
    SELECT id, seq, outbox_id, row_number() OVER (PARTITION BY outbox_id ORDER BY seq) AS time
    FROM audit_record WHERE seq > $1) AS record
  WHERE time > 1 OR outbox_id <= $2
    OR EXISTS (SELECT FROM audit_record AS other WHERE other.id = record.id AND other.seq < record.seq)`;

/**
 * Numbers behind $1 without a record, records behind the head, and records that came before an earlier one of their rule or moment.
 * Attempts lock no rule, so nothing puts them in order.
 */
export const outOfLine = `
  WITH record AS (
    SELECT seq, recorded_at < lag(recorded_at) OVER (ORDER BY seq) AS "tooEarly",
      outcome = 'success' AND outbox_id < lag(outbox_id) OVER (PARTITION BY outcome, details ORDER BY seq) AS overtaken
    FROM audit_record WHERE seq > $1)
  SELECT (head.seq - $1::bigint - count(*) FILTER (WHERE record.seq <= head.seq)
    + count(*) FILTER (WHERE record.seq > head.seq)
    + count(*) FILTER (WHERE "tooEarly") + count(*) FILTER (WHERE overtaken))::int AS gaps
  FROM audit_head AS head LEFT JOIN record ON true GROUP BY head.seq`;

/** Of the events whose change was answered, by their ids ($1) or by operation and subject ($2, $3), those without a record. */
export const goneAfterAnswer = `
  SELECT (SELECT count(*) FROM unnest($1::uuid[]) AS answered(event)
      WHERE NOT EXISTS (SELECT FROM audit_record WHERE id = event))::int
    + (SELECT count(*) FROM unnest($2::text[], $3::text[]) AS answered(what, whom)
      WHERE NOT EXISTS (
        SELECT FROM audit_record WHERE subject = whom AND operation = what AND outcome = 'success'))::int AS "acknowledgedGone"`;

/** Records behind $1 that every follower has passed, but for those delivered ($2). */
export const passedOver = `
  SELECT count(*)::int AS undelivered FROM audit_record
  WHERE seq > $1 AND seq <= (SELECT min(seq) FROM audit_follower) AND seq <> ALL ($2::bigint[])`;
