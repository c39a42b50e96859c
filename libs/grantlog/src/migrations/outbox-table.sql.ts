/**
 * UUID v7 (RFC 9562) in SQL: 48 bits of milliseconds, version 7, and the random bits and variant of a version 4. Built in
 * the database so that a removal by filter, whose rows nobody knows beforehand, gets its ids like every other change.
 */
export const uuidV7 = `(
    lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0')
    || '7' || substr(gen_random_uuid()::text, 16))::uuid`;

export const createOutboxTable = `
  CREATE TABLE audit_outbox (
    outbox_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    id uuid NOT NULL DEFAULT ${uuidV7},
    type text NOT NULL,
    operation text NOT NULL,
    outcome text NOT NULL,
    subject text NOT NULL,
    role text,
    scope text,
    actor text,
    reason text,
    operation_id uuid NOT NULL,
    request_id text,
    source_ip text,
    user_agent text,
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    details jsonb NOT NULL
  );
  CREATE INDEX audit_outbox_xid ON audit_outbox (xid)`;

export const dropOutboxTable = `DROP TABLE IF EXISTS audit_outbox`;
