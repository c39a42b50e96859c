import type { DataSource } from 'typeorm';
import type { ImportedRule } from './policy-import';

/**
 * Of some rules, those whose removal an event tells, recorded or still in the outbox. Subjects are looked up in the index, so that
 * it takes as long as those rules have a history.
 */
export async function removedAmong(
  dataSource: DataSource,
  rules: readonly ImportedRule[],
): Promise<Pick<ImportedRule, 'ptype' | 'values'>[]> {
  const subjects = rules.map(({ values }) => values[0] ?? '');
  const removals = (table: string): string =>
    `SELECT details FROM ${table} WHERE subject = ANY($1::text[]) AND operation = 'deleted' AND outcome = 'success'`;
  return dataSource.query<{ ptype: string; values: string[] }[]>(
    `SELECT DISTINCT details->>'ptype' AS ptype, details->'rule' AS values
     FROM (${removals('audit_outbox')} UNION ALL ${removals('audit_record')}) AS removal`,
    [subjects],
  );
}
