/** What has been imported: the content that a source had last, and every rule that it ever had, as SHA-256. */
export const createImportTables = `
  CREATE TABLE audit_import (
    source text PRIMARY KEY,
    content bytea,
    imported_at timestamptz
  );
  CREATE TABLE audit_import_rule (
    source text NOT NULL,
    rule bytea NOT NULL,
    PRIMARY KEY (source, rule)
  )`;

export const dropImportTables = `DROP TABLE IF EXISTS audit_import_rule, audit_import`;
