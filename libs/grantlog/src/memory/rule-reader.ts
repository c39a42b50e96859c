import type { DataSource } from 'typeorm';
import type { AuditOperation, RuleDetails } from '../contract/audit-event';
import { ownTransaction } from '../database/own-transaction';
import { query } from '../database/query';
import type { Advance } from './committed-memory';
import { Position } from './position';
import { Rule, ruleColumns } from '../rules/rule';
import { ruleOf } from '../rules/rule-change';

const wherePositionIs = `SELECT pg_current_snapshot()::text AS snapshot, seq::text AS head FROM audit_head`;
const begin = `BEGIN ISOLATION LEVEL REPEATABLE READ; ${wherePositionIs}`;
const everyRule = `SELECT ptype, ${ruleColumns.join(', ')} FROM casbin_rule ORDER BY id`;

/** One statement, hence one snapshot: what it reads and the position it tells belong together. */
const changesSince = `
  SELECT here.snapshot, here.head, change.*
  FROM (${wherePositionIs}) AS here
  LEFT JOIN (
    SELECT outbox_id::text AS "outboxId", xid::text AS xid, operation, details FROM audit_change
    WHERE seq > $2 AND NOT pg_visible_in_snapshot(xid, $1::pg_snapshot) AND xid <> ALL ($3::xid8[])
  ) AS change ON true`;

interface RuleRow extends Record<(typeof ruleColumns)[number], string | null> {
  readonly ptype: string;
}

interface ChangeRow {
  readonly snapshot: string;
  readonly head: string;
  /** Null in the one row that tells the position when nothing has changed. */
  readonly outboxId: string | null;
  readonly xid: string;
  readonly operation: AuditOperation;
  readonly details: RuleDetails;
}

/** The whole table. */
interface Loaded {
  readonly rules: Rule[];
  readonly position: Position;
}

/** Reads committed rules, always together with the position they were read at. */
export class RuleReader {
  constructor(private readonly dataSource: DataSource) {}

  load(): Promise<Loaded> {
    return ownTransaction<{ snapshot: string; head: string }, Loaded>(this.dataSource, begin, async ([here], send) => {
      if (!here) throw new Error('audit_head is empty; it must hold its one row. Restore it from a backup.');
      const rows = await send<RuleRow>({ text: everyRule });
      return { rules: rows.map(ruleOfRow), position: new Position(here.snapshot, here.head) };
    });
  }

  /** @param known transactions whose changes need not be told */
  async since({ snapshot, head }: Position, known: readonly string[]): Promise<Advance> {
    const rows = await query<ChangeRow>(this.dataSource, changesSince, [snapshot, head, known]);
    const [first] = rows;
    if (!first) throw new Error('audit_head is empty; it must hold its one row. Restore it from a backup.');
    const changes = rows.flatMap(({ outboxId, xid, operation, details }) =>
      outboxId === null ? [] : [{ outboxId: BigInt(outboxId), xid, operation, rule: ruleOf(details) }],
    );
    return { position: new Position(first.snapshot, first.head), changes };
  }
}

/** Absent columns are NULL and stand at the end; values pass as they are, blanks, quotes and '' included. */
function ruleOfRow({ ptype, ...row }: RuleRow): Rule {
  const values = ruleColumns.map((column) => row[column]);
  const length = values.findLastIndex((value) => value !== null) + 1;
  return new Rule(
    ptype,
    values.slice(0, length).map((value) => value ?? ''),
  );
}
