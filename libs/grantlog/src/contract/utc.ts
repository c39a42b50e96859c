/**
 * SQL that shows a timestamptz as ISO 8601 in UTC with its microseconds. Timestamps never pass through a JavaScript Date,
 * which would cut them to milliseconds.
 */
export function utc(column: string): string {
  return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}
