import type { AuditRecord, RoleAssignment } from 'grantlog';
import type { DataSource } from 'typeorm';

/** Since when until when a rule was in force, in seqs. */
export interface Interval {
  readonly from: string;
  readonly to: string | null;
  readonly rule: readonly string[];
}

/** What the log says, worked out record by record. */
export function foldOf(records: readonly AuditRecord[]): Interval[] {
  const intervals: { from: string; to: string | null; rule: string[] }[] = [];
  const open = new Map<string, (typeof intervals)[number]>();
  for (const { seq, outcome, operation, details } of records) {
    if (outcome !== 'success' || details.rule === undefined) continue;
    const rule = [details.ptype, ...details.rule];
    const name = JSON.stringify(rule);
    const before = open.get(name);
    if (before) before.to = seq;
    open.delete(name);
    if (operation === 'created') {
      const begun = { from: seq, to: null, rule };
      open.set(name, begun);
      intervals.push(begun);
    } else if (!before) intervals.push({ from: seq, to: seq, rule });
  }
  return intervals;
}

/** What the table of intervals says, in the order of the log. */
export async function intervalsIn(dataSource: DataSource): Promise<Interval[]> {
  const rows: Interval[] = await dataSource.query(
    `SELECT from_seq::text AS "from", to_seq::text AS "to",
       (SELECT array_agg(value ORDER BY place) FROM (
          SELECT details ->> 'ptype' AS value, 0 AS place
          UNION ALL SELECT value, place FROM jsonb_array_elements_text(details -> 'rule') WITH ORDINALITY AS rule(value, place)
        ) AS told) AS rule
     FROM audit_interval JOIN audit_record ON seq = from_seq
     WHERE (audit_interval.ptype, audit_interval.subject, audit_interval.role, audit_interval.scope, audit_interval.scope_namespace)
       IS NOT DISTINCT FROM (details ->> 'ptype', audit_record.subject, audit_record.role, audit_record.scope, audit_record.scope_namespace)
     ORDER BY from_seq`,
  );
  return rows.map(({ from, to, rule }) => ({ from, to, rule }));
}

/** The blocks that are wrong, or missing, or too many. */
export function wrongBlocks(dataSource: DataSource): Promise<unknown[]> {
  const led = (column: string, which: string): string => `
    SELECT '${column}' AS led_by, ${column} AS key, from_seq / 2048 AS block, max(coalesce(to_seq, 9223372036854775807)) AS until
    FROM audit_interval WHERE ${which} AND ${column} IS NOT NULL GROUP BY 2, 3`;
  return dataSource.query(
    `SELECT * FROM (${led('ptype', 'true')} UNION ALL ${led('role', `ptype = 'g'`)} UNION ALL ${led('scope_namespace', `ptype = 'g'`)}) AS told
     FULL JOIN audit_interval_block AS kept USING (led_by, key, block) WHERE told.until IS DISTINCT FROM kept.until`,
  );
}

/** The assignments that a fold has in force at a seq, newest first. */
export function heldAt(intervals: readonly Interval[], seq: string): Required<RoleAssignment>[] {
  const at = BigInt(seq);
  const held = intervals.filter(
    ({ from, to, rule: [ptype] }) => ptype === 'g' && BigInt(from) <= at && (to === null || BigInt(to) > at),
  );
  return held.reverse().map(({ rule: [, subject = '', role = '', scope = '*'] }) => ({ subject, role, scope }));
}

/** The same moment, some microseconds later, without a detour through Date. */
export function later(moment: string, microseconds: number): string {
  const digits = BigInt(Date.parse(`${moment.slice(0, 19)}Z`)) * 1_000n + BigInt(moment.slice(20, 26));
  const sum = digits + BigInt(microseconds);
  return `${new Date(Number(sum / 1_000_000n) * 1_000).toISOString().slice(0, 19)}.${String(sum % 1_000_000n).padStart(6, '0')}Z`;
}
