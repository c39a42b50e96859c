/** A follower's durable cursor, the attempt under way, and who holds the lease to deliver. */
export const createFollowerTables = `
  CREATE TABLE audit_follower (
    name text PRIMARY KEY,
    seq bigint NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_error text,
    lease_holder uuid,
    lease_until timestamptz NOT NULL DEFAULT '-infinity'
  );
  CREATE TABLE audit_parked (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    follower text NOT NULL,
    seq bigint NOT NULL,
    attempts integer NOT NULL,
    last_error text NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (follower, seq)
  )`;

export const dropFollowerTables = `DROP TABLE IF EXISTS audit_parked, audit_follower`;
