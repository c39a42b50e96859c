/** Key columns compare by bytes, so that a prefix is a range of the index. No foreign keys: history outlives what it names. */
const createRecordTable = `
  CREATE TABLE audit_record (
    seq bigint PRIMARY KEY,
    id uuid NOT NULL,
    type text NOT NULL,
    operation text NOT NULL,
    outcome text NOT NULL,
    subject text COLLATE "C" NOT NULL,
    role text COLLATE "C",
    scope text COLLATE "C",
    scope_namespace text COLLATE "C",
    actor text COLLATE "C",
    reason text,
    operation_id uuid NOT NULL,
    request_id text COLLATE "C",
    source_ip text,
    user_agent text,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    details jsonb NOT NULL,
    outbox_id bigint NOT NULL,
    xid xid8 NOT NULL
  )`;

/** Every filter by a key ends in seq: a page is one range of one index. The id is not unique: see docs/adr/0005. */
const createRecordIndexes = `
  CREATE INDEX audit_record_id ON audit_record (id);
  CREATE INDEX audit_record_subject ON audit_record (subject, seq);
  CREATE INDEX audit_record_role ON audit_record (role, seq) WHERE role IS NOT NULL;
  CREATE INDEX audit_record_scope ON audit_record (scope, seq) WHERE scope IS NOT NULL;
  CREATE INDEX audit_record_scope_namespace ON audit_record (scope_namespace, seq) WHERE scope_namespace IS NOT NULL;
  CREATE INDEX audit_record_actor ON audit_record (actor, seq) WHERE actor IS NOT NULL;
  CREATE INDEX audit_record_type ON audit_record (type, seq);
  CREATE INDEX audit_record_outcome ON audit_record (outcome, seq) WHERE outcome <> 'success';
  CREATE INDEX audit_record_operation_id ON audit_record (operation_id, seq);
  CREATE INDEX audit_record_request_id ON audit_record (request_id, seq) WHERE request_id IS NOT NULL`;

/** One row: the last seq given and the moment of the last append. Locked by whoever appends. */
const createHead = `
  CREATE TABLE audit_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    seq bigint NOT NULL,
    recorded_at timestamptz NOT NULL
  );
  INSERT INTO audit_head (seq, recorded_at) VALUES (0, clock_timestamp())`;

const createAppendOnlyTrigger = `
  CREATE FUNCTION audit_record_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'audit_record is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
  END $$;
  CREATE TRIGGER audit_record_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_record
    FOR EACH STATEMENT EXECUTE FUNCTION audit_record_refuse();
  ALTER TABLE audit_record ENABLE ALWAYS TRIGGER audit_record_append_only`;

/**
 * The first seq recorded at or after a moment. recorded_at increases with seq and seq has no gaps, so a binary search over
 * the primary key finds it in some 25 look-ups, and no index on the time has to be kept.
 */
const createSeqAt = `
  CREATE FUNCTION audit_seq_at(moment timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
  DECLARE
    low bigint; high bigint; middle bigint; middle_at timestamptz;
  BEGIN
    SELECT coalesce(min(seq), 1), coalesce(max(seq), 0) + 1 INTO low, high FROM audit_record;
    WHILE low < high LOOP
      middle := (low + high) / 2;
      SELECT recorded_at INTO middle_at FROM audit_record WHERE seq = middle;
      IF middle_at >= moment THEN high := middle; ELSE low := middle + 1; END IF;
    END LOOP;
    RETURN low;
  END $$`;

export const createTrailTables = [
  createRecordTable,
  createRecordIndexes,
  createHead,
  createAppendOnlyTrigger,
  createSeqAt,
].join(';\n');

/** What tells of changes; $1 is the reason of records that only repeat what stands in the table. */
export const countEvents = `
  SELECT (SELECT count(*) FROM audit_record WHERE reason IS DISTINCT FROM $1 OR coalesce(actor, '') NOT LIKE 'system%import')::text AS records,
    (SELECT count(*) FROM audit_outbox)::text AS waiting`;

export const dropTrailTables = `
  DROP TABLE IF EXISTS audit_record, audit_head;
  DROP FUNCTION IF EXISTS audit_record_refuse(), audit_seq_at(timestamptz)`;
