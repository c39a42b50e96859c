/**
 * One row: the adoption of the rules that were in the table before Grantlog. Its events share one operation, also when it is
 * killed and goes on later. Rules with ids up to `through_id` have been looked through for such as no record tells of.
 */
export const createAdoptionTable = `
  CREATE TABLE IF NOT EXISTS audit_adoption (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    operation_id uuid NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    trimmed bigint NOT NULL DEFAULT 0,
    folded bigint NOT NULL DEFAULT 0,
    recorded bigint NOT NULL DEFAULT 0,
    through_id bigint NOT NULL DEFAULT 0
  )`;

export const dropAdoptionTables = `DROP TABLE IF EXISTS audit_adoption, audit_original_rule`;

/**
 * Rows of casbin_rule as they were before they were changed, or folded into the one with the id `folded_into`, the host's own columns
 * included.
 */
export const createOriginals = `
  CREATE TABLE IF NOT EXISTS audit_original_rule (LIKE casbin_rule);
  ALTER TABLE audit_original_rule ADD COLUMN IF NOT EXISTS folded_into bigint`;

/** Columns that the host has given its table since. */
export const missingInOriginals = `
  SELECT format('ALTER TABLE audit_original_rule ADD COLUMN %I %s', attname, format_type(atttypid, atttypmod)) AS statement
  FROM pg_attribute
  WHERE attrelid = 'casbin_rule'::regclass AND attnum > 0 AND NOT attisdropped AND attname NOT IN (
    SELECT attname FROM pg_attribute WHERE attrelid = 'audit_original_rule'::regclass AND NOT attisdropped)`;

/** The columns that both tables have, quoted; `written` are those that can be given values. */
export const sharedColumns = `
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS "all",
    string_agg(quote_ident(attname), ', ' ORDER BY attnum) FILTER (WHERE attgenerated = '') AS written
  FROM pg_attribute
  WHERE attrelid = to_regclass('casbin_rule') AND attnum > 0 AND NOT attisdropped AND attname IN (
    SELECT attname FROM pg_attribute
    WHERE attrelid = to_regclass('audit_original_rule') AND attnum > 0 AND NOT attisdropped)`;
