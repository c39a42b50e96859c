/**
 * One row: the adoption of the rules that were in the table before Grantlog. Its events share one operation, also when it is
 * killed and goes on later.
 */
export const createAdoptionTable = `
  CREATE TABLE IF NOT EXISTS audit_adoption (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    operation_id uuid NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    trimmed bigint NOT NULL DEFAULT 0,
    folded bigint NOT NULL DEFAULT 0,
    recorded bigint NOT NULL DEFAULT 0
  )`;

export const dropAdoptionTables = `DROP TABLE IF EXISTS audit_adoption, audit_original_rule`;

/** Rows of casbin_rule as they were before they were changed or folded into another one, the host's own columns included. */
export const createOriginals = `CREATE TABLE IF NOT EXISTS audit_original_rule (LIKE casbin_rule)`;
