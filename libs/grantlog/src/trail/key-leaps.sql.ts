import type { KeyField } from './suggestion-query';

/** Of a key, so many of its newest records are looked at to find one that somebody may see. */
const lookedAt = 100;

/**
 * Keys in the log that begin with one of some prefixes ($1), from each prefix the first one, then the second one and so on: each is a leap along
 * the index, however many records a key has. $2 says of each prefix whether to leap past namespaces rather than keys, $3 is the
 * separator. At most $4 leaps from each prefix, and $5 keys. What begins with one of $6 is passed, by $7, the last character.
 * @param shown SQL of which keys are told; the others are leaps all the same
 */
export const keyLeaps = (column: KeyField | 'scope_namespace', shown: string): string => {
  const first = (condition: string): string =>
    `(SELECT ${column} FROM audit_record WHERE ${column} ${condition} ORDER BY ${column} LIMIT 1)`;
  const passed = `SELECT passed || $7::text FROM unnest($6::text[]) AS passed WHERE leap.key ^@ passed ORDER BY length(passed) LIMIT 1`;
  const behind = `CASE WHEN past_namespaces AND strpos(leap.key, $3::text) > 0
    THEN split_part(leap.key, $3::text, 1) || $3::text || $7::text ELSE leap.key END`;
  return `
    WITH RECURSIVE leap(prefix, past_namespaces, key, leaps) AS (
      SELECT prefix, past_namespaces, ${first('>= prefix')}, 1
      FROM unnest($1::text[], $2::boolean[]) AS given(prefix, past_namespaces)
      UNION ALL
      SELECT prefix, past_namespaces, ${first(`> greatest(${behind}, (${passed}))`)}, leaps + 1
      FROM leap WHERE leap.key ^@ prefix AND leaps < $4::int)
    SELECT key FROM leap WHERE key ^@ prefix AND ${shown} LIMIT $5::int`;
};

/** Whether one of the key's newest records is visible. @param visible SQL about `scope` and `scope_namespace` */
export const hasVisible = (column: KeyField, visible: string): string => `
  EXISTS (
    SELECT FROM (
      SELECT scope, scope_namespace FROM audit_record
      WHERE ${column} IS NOT NULL AND (${column}, audit_record.seq) > (leap.key, 0) AND (${column}, audit_record.seq) <= (leap.key, 9223372036854775807)
      ORDER BY ${column} DESC, audit_record.seq DESC LIMIT ${lookedAt}) AS record
    WHERE ${visible})`;
