/**
 * Since when until when each rule was in force, as the log tells: an index of the log, derived from it and from nothing else.
 *
 * from_seq: the record that created the rule; to_seq: the one that deleted it, NULL while it is in force. A rule that was deleted and
 * whose creation no record tells of has from_seq = to_seq. span orders intervals by length: floor(log2(to_seq - from_seq)), 63 for one
 * that goes on, -1 for an empty one. Whatever holds at a seq began less than 2^(span + 1) before it: a range for each span finds it.
 */
export const createIntervalTable = `
  CREATE TABLE audit_interval (
    from_seq bigint PRIMARY KEY,
    to_seq bigint,
    span smallint NOT NULL GENERATED ALWAYS AS (CASE
      WHEN to_seq IS NULL THEN 63
      WHEN to_seq = from_seq THEN -1
      ELSE 64 - position('1' IN (to_seq - from_seq)::bit(64)::text) END) STORED,
    ptype text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    role text COLLATE "C",
    scope text COLLATE "C",
    scope_namespace text COLLATE "C",
    rule_hash bigint NOT NULL
  )`;

/** A page of the assignments at a moment is a range of one of these for each span. Other rules are few, and read all at once. */
export const createIntervalIndexes = `
  CREATE INDEX audit_interval_open ON audit_interval (rule_hash) WHERE to_seq IS NULL;
  CREATE INDEX audit_interval_span ON audit_interval (span, from_seq) WHERE ptype = 'g';
  CREATE INDEX audit_interval_subject ON audit_interval (subject, span, from_seq) WHERE ptype = 'g';
  CREATE INDEX audit_interval_role ON audit_interval (role, span, from_seq) WHERE ptype = 'g';
  CREATE INDEX audit_interval_scope ON audit_interval (scope, span, from_seq) WHERE ptype = 'g';
  CREATE INDEX audit_interval_scope_namespace ON audit_interval (scope_namespace, span, from_seq) WHERE ptype = 'g';
  CREATE INDEX audit_interval_other ON audit_interval (ptype, from_seq) WHERE ptype <> 'g'`;

const columns = 'from_seq, to_seq, ptype, subject, role, scope, scope_namespace, rule_hash';

/** The changes of rules among some records, each with the next and the previous one of the same rule. */
const changesIn = (records: string): string => `
  SELECT seq, operation, details, subject, role, scope, scope_namespace, hashtextextended(details::text, 0) AS rule_hash,
    lead(seq) OVER same AS next_seq, lag(operation) OVER same AS previous
  FROM ${records} WHERE outcome = 'success' AND operation IN ('created', 'deleted')
  WINDOW same AS (PARTITION BY hashtextextended(details::text, 0), details ORDER BY seq)`;

/** The interval that a change begins or, if none tells of its creation, the empty one in which it was deleted. */
const intervalOf = (toSeq: string): string => `
  seq, ${toSeq}, details ->> 'ptype', subject, role, scope, scope_namespace, rule_hash`;

/**
 * Follows each append in its transaction, whoever appends. It runs as its owner, so that the app needs no right to change what the log
 * says. A created rule that was in force according to the log ends the interval of before: it was taken away past Grantlog.
 * Without statistics, and for batches of any size, only the way through the index is right.
 */
export const createIntervalTrigger = (schema: string): string => `
  CREATE FUNCTION audit_interval_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = ${schema}, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
  BEGIN
    WITH change AS MATERIALIZED (${changesIn('appended')}),
    ended AS (
      UPDATE audit_interval AS interval SET to_seq = change.seq FROM change
      WHERE change.previous IS NULL AND interval.rule_hash = change.rule_hash AND interval.to_seq IS NULL
        AND EXISTS (SELECT FROM audit_record AS record WHERE record.seq = interval.from_seq AND record.details = change.details)
      RETURNING change.seq)
    INSERT INTO audit_interval (${columns})
    SELECT ${intervalOf(`CASE WHEN operation = 'deleted' THEN seq ELSE next_seq END`)} FROM change
    WHERE operation = 'created' OR previous = 'deleted' OR (previous IS NULL AND seq NOT IN (SELECT seq FROM ended));
    RETURN NULL;
  END $$;
  CREATE TRIGGER audit_record_intervals AFTER INSERT ON audit_record REFERENCING NEW TABLE AS appended
    FOR EACH STATEMENT EXECUTE FUNCTION audit_interval_follow();
  ALTER TABLE audit_record ENABLE ALWAYS TRIGGER audit_record_intervals`;

/** Derives everything anew from the log. MUST run with the head locked: then nobody appends. */
export const fillIntervals = `
  INSERT INTO audit_interval (${columns})
  SELECT ${intervalOf(`CASE WHEN operation = 'deleted' THEN seq ELSE next_seq END`)} FROM (${changesIn('audit_record')}) AS change
  WHERE operation = 'created' OR previous IS NULL OR previous = 'deleted'
  ORDER BY seq`;

export const dropIntervalTables = `
  DROP TRIGGER IF EXISTS audit_record_intervals ON audit_record;
  DROP FUNCTION IF EXISTS audit_interval_follow();
  DROP TABLE IF EXISTS audit_interval`;
