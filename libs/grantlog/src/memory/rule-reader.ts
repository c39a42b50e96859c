import type { DataSource } from 'typeorm';
import type { AuditOperation, RuleDetails } from '../contract/audit-event';
import { ownTransaction, type Send } from '../database/own-transaction';
import { query } from '../database/query';
import { Rule, ruleColumns } from '../rules/rule';
import { type RuleChange, ruleOf } from '../rules/rule-change';
import type { Advance } from './committed-memory';
import type { SeenInside } from './policy-difference';
import { Position } from './position';
import type { RulePart } from './rule-part';

const wherePositionIs = `SELECT pg_current_snapshot()::text AS snapshot, seq::text AS head FROM audit_head`;
const begin = `BEGIN ISOLATION LEVEL REPEATABLE READ; ${wherePositionIs}`;

/** Rows that are read in one go: few enough that the event loop is free again after some milliseconds. */
const pageSize = 5_000;

/** Changes that can be seen from here and could not from a position, except those of known transactions. */
const changes = `
  SELECT outbox_id::text AS "outboxId", xid::text AS xid, operation, details FROM audit_change
  WHERE seq > $2 AND NOT pg_visible_in_snapshot(xid, $1::pg_snapshot) AND xid <> ALL ($3::xid8[])`;

/** One statement, hence one snapshot: what it reads and the position it tells belong together. */
const changesSince = `
  SELECT here.snapshot, here.head, change.*
  FROM (${wherePositionIs}) AS here LEFT JOIN (${changes}) AS change ON true`;

const everyRule = `SELECT ptype, ARRAY[${ruleColumns.join(', ')}] AS columns FROM casbin_rule`;

/** The id, the policy type and the columns of a rule. */
type RuleRow = readonly [id: number | string, ptype: string, ...values: (string | null)[]];
const firstColumn = 2;
const beforeAll = '-9223372036854775808';

interface ChangeRow {
  readonly outboxId: string;
  readonly xid: string;
  readonly operation: AuditOperation;
  readonly details: RuleDetails;
}

/** A change with the position; the position alone if nothing has changed. */
type SinceRow = { readonly snapshot: string; readonly head: string } & (ChangeRow | { readonly outboxId: null });

/** Reads committed rules, always together with the position they were read at. */
export class RuleReader {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Reads the whole table, or a part of it, in the order in which the rules were added.
   * @param found is given each rule
   */
  load(part: RulePart | undefined, found: (ptype: string, values: string[]) => void): Promise<Position> {
    return ownTransaction<{ snapshot: string; head: string }, Position>(
      this.dataSource,
      begin,
      async ([here], send) => {
        if (!here) throw new Error('audit_head is empty; it must hold its one row. Restore it from a backup.');
        for await (const rows of pagesOf(part, send)) for (const row of rows) found(row[1], valuesOf(row));
        return new Position(here.snapshot, here.head);
      },
    );
  }

  /** @param known transactions whose changes need not be told */
  async since({ snapshot, head }: Position, known: readonly string[]): Promise<Advance> {
    const rows = await query<SinceRow>(this.dataSource, changesSince, [snapshot, head, known]);
    const [first] = rows;
    if (!first) throw new Error('audit_head is empty; it must hold its one row. Restore it from a backup.');
    const found = rows.flatMap((row) => (row.outboxId === null ? [] : [changeOf(row)]));
    return { position: new Position(first.snapshot, first.head), changes: found };
  }

  /** What a transaction sees of the table, and then of the changes since a position. */
  seenFrom({ snapshot, head }: Position): SeenInside {
    return {
      snapshot: async (manager) => {
        const [here] = await manager.query<{ snapshot: string }[]>(`SELECT pg_current_snapshot()::text AS snapshot`);
        return here?.snapshot ?? '';
      },
      table: async (manager) => {
        const rows = await manager.query<{ ptype: string; columns: (string | null)[] }[]>(everyRule);
        return rows.map(({ ptype, columns }) => new Rule(ptype, valuesOf([0, ptype, ...columns])));
      },
      changes: async (manager) => (await manager.query<ChangeRow[]>(changes, [snapshot, head, []])).map(changeOf),
    };
  }
}

function changeOf({ outboxId, xid, operation, details }: ChangeRow): RuleChange {
  return { outboxId: BigInt(outboxId), xid, operation, rule: ruleOf(details) };
}

/** A page at a time, by the primary key. */
async function* pagesOf(part: RulePart | undefined, send: Send): AsyncIterable<readonly RuleRow[]> {
  const parameters = part?.parameters ?? [];
  const text = `
    SELECT id, ptype, ${ruleColumns.join(', ')} FROM ${part ? `(${part.rows})` : 'casbin_rule'} AS rule
    WHERE id > $${parameters.length + 1}::bigint ORDER BY id LIMIT ${pageSize}`;
  let last: RuleRow[0] = beforeAll;
  for (;;) {
    const rows: RuleRow[] = await send<RuleRow>({ text, rowMode: 'array' }, [...parameters, last]);
    yield rows;
    last = rows.at(-1)?.[0] ?? last;
    if (rows.length < pageSize) return;
  }
}

/** Absent columns are NULL, wherever they stand, as in events; values pass as they are, blanks, quotes and '' included. */
function valuesOf(row: RuleRow): string[] {
  const values: string[] = [];
  for (let at = firstColumn; at < row.length; at += 1) {
    const value = row[at] as string | null;
    if (value !== null) values.push(value);
  }
  return values;
}
