import type { DataSource } from 'typeorm';
import type { RuleOperation, RuleDetails } from '../contract/audit-event';
import type { PostgresClient } from '../database/idle-connection';
import { inTransaction, type Send } from '../database/own-transaction';
import type { OwnConnection } from '../database/own-connection';
import type { PolicyDraft } from '../policy/policy-draft';
import { Rule, ruleColumns } from '../rules/rule';
import { type RuleChange, ruleOf } from '../rules/rule-change';
import type { Advance } from './committed-memory';
import type { SeenInside } from './policy-difference';
import { Position, thisServer } from '../database/position';
import type { RulePart } from './rule-part';

const wherePositionIs = `
  SELECT pg_current_snapshot()::text AS snapshot, seq::text AS head, ${thisServer} AS server FROM audit_head`;
const begin = `BEGIN ISOLATION LEVEL REPEATABLE READ; ${wherePositionIs}`;

/** Rows that are read in one go: few enough that the event loop is free again after some milliseconds. */
const pageSize = 5_000;

const columnsOfChange = 'outbox_id::text AS "outboxId", xid::text AS xid, operation, details';

/** More changes than this take longer to follow than the table to read again. */
const mostChanges = 20_000;

/**
 * Changes of transactions that cannot be seen from a position, except those of known ones, and without attempts and reads, which
 * changed nothing. All of it is digits from the database.
 */
const beyond = (from: Position, known: readonly string[]): string => {
  const { first, running } = from.beyond;
  return `(xid >= '${first}' OR xid = ANY ('{${running.join()}}')) AND xid <> ALL ('{${known.join()}}')
    AND outcome = 'success' AND operation IN ('created', 'deleted')`;
};

/** Alone in its transaction, whatever the isolation of the database: it can neither fail for others nor hold them. */
const alone = `SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY;`;

/**
 * What is committed beyond a position and not recorded yet. One statement, hence one snapshot: what it reads and the position it
 * tells belong together.
 */
const waiting = (from: Position, known: readonly string[]): string => `${alone}
  SELECT here.*, change.*
  FROM (${wherePositionIs}) AS here LEFT JOIN (
    SELECT ${columnsOfChange} FROM audit_outbox WHERE ${beyond(from, known)} LIMIT ${mostChanges + 1}
  ) AS change ON true`;

/**
 * What was recorded between two heads of the log. It stays what it is, because the log only grows: it may be read after the
 * statement that told the later head. If somebody has locked the log, it fails soon.
 */
const recorded = (from: Position, to: Position, known: readonly string[]): string => `${alone}
  SET LOCAL lock_timeout = '200ms';
  SELECT ${columnsOfChange} FROM audit_record WHERE seq > ${from.head} AND seq <= ${to.head} AND ${beyond(from, known)}`;

/** What a transaction sees of both. */
const seen = (from: Position): string => `
  SELECT ${columnsOfChange} FROM audit_outbox WHERE ${beyond(from, [])} UNION ALL
  SELECT ${columnsOfChange} FROM audit_record WHERE seq > ${from.head} AND ${beyond(from, [])}`;

const everyRule = `SELECT ptype, ARRAY[${ruleColumns.join(', ')}] AS columns FROM casbin_rule`;

/** SQL that answers rows of the table. */
type Rows = Pick<RulePart, 'rows' | 'parameters'>;
const wholeTable: Rows = { rows: 'SELECT * FROM casbin_rule', parameters: [] };

/** The id, the policy type and the columns of a rule. */
type RuleRow = readonly [id: number | string, ptype: string, ...values: (string | null)[]];
const firstColumn = 2;
const beforeAll = '-9223372036854775808';

const lockNotAvailable = '55P03';
const noHead = 'audit_head is empty; it must hold its one row. Restore it from a backup.';

interface ChangeRow {
  readonly outboxId: string;
  readonly xid: string;
  readonly operation: RuleOperation;
  readonly details: RuleDetails;
}

/** A change with the position; the position alone if nothing has changed. */
type SinceRow = Here & (ChangeRow | { readonly outboxId: null });

interface Here {
  readonly snapshot: string;
  readonly head: string;
  readonly server: string;
}

/** Rules that were read, and the position they were read at. */
export interface Loaded {
  readonly draft: PolicyDraft;
  readonly position: Position;
}

/** Reads committed rules, always together with the position they were read at. */
export class RuleReader {
  constructor(
    private readonly dataSource: DataSource,
    private readonly connection: Pick<OwnConnection, 'use' | 'useAnother'>,
  ) {}

  /**
   * Reads the whole table, or a part of it, in the order in which the rules were added.
   * @param draft is given each rule
   */
  load(part: RulePart | undefined, draft: PolicyDraft): Promise<Loaded> {
    return this.connection.use((client) => this.loadOn(client, part ?? wholeTable, draft));
  }

  /** Reads the whole table on another connection, so that looking goes on. */
  loadBeside(draft: PolicyDraft): Promise<Loaded> {
    return this.connection.useAnother((client) => this.loadOn(client, wholeTable, draft));
  }

  private loadOn(client: PostgresClient, from: Rows, draft: PolicyDraft): Promise<Loaded> {
    return this.inSnapshot(client, async (position, send) => {
      await fill(draft, from, send);
      return { draft, position };
    });
  }

  /**
   * What was committed since a position, with all rules of some policy types as they are there.
   * @returns `undefined` if the whole table is to be read instead
   */
  async sinceWith(from: Position, ptypes: readonly string[], draft: PolicyDraft): Promise<Advance | undefined> {
    const rows = { rows: `${wholeTable.rows} WHERE ptype = ANY ($1)`, parameters: [ptypes] };
    const read = async (position: Position, send: Send): Promise<Advance | undefined> => {
      if (position.server !== from.server) return undefined;
      await send({ text: `SET LOCAL lock_timeout = '200ms'` });
      const changes = (await send<ChangeRow>({ text: seen(from) })).map(changeOf);
      await fill(draft, rows, send);
      return { position, changes };
    };
    try {
      return await this.connection.use((client) => this.inSnapshot(client, read));
    } catch (error) {
      if (isLocked(error)) return undefined;
      throw error;
    }
  }

  private inSnapshot<T>(client: PostgresClient, work: (here: Position, send: Send) => Promise<T>): Promise<T> {
    return inTransaction<Here, T>(this.dataSource, client, begin, ([here], send) => {
      if (!here) throw new Error(noHead);
      return work(new Position(here.snapshot, here.head, here.server), send);
    });
  }

  /**
   * What was committed since a position.
   * @param known transactions whose changes need not be told
   * @returns `undefined` if the table is to be read instead: there are too many changes, somebody has locked the log, or another
   * server answers, of which `elsewhere` is told
   */
  async since(from: Position, known: readonly string[], elsewhere?: () => void): Promise<Advance | undefined> {
    const rows = await this.ask<SinceRow>(waiting(from, known));
    const [here] = rows;
    if (!here) throw new Error(noHead);
    const position = new Position(here.snapshot, here.head, here.server);
    if (position.server !== from.server) return void elsewhere?.();
    if (rows.length > mostChanges || BigInt(position.head) - BigInt(from.head) > mostChanges) return undefined;
    const changes = rows.flatMap((row) => (row.outboxId === null ? [] : [changeOf(row)]));
    if (position.head === from.head) return { position, changes };
    try {
      const inLog = await this.ask<ChangeRow>(recorded(from, position, known));
      return { position, changes: [...inLog.map(changeOf), ...changes] };
    } catch (error) {
      if (isLocked(error)) return undefined;
      throw error;
    }
  }

  /** What a transaction sees of the table, and then of the changes since a position. */
  seenFrom(position: Position): SeenInside {
    return {
      snapshot: async (manager) => {
        const [here] = await manager.query<{ snapshot: string }[]>(`SELECT pg_current_snapshot()::text AS snapshot`);
        return here?.snapshot ?? '';
      },
      table: async (manager) => {
        const rows = await manager.query<{ ptype: string; columns: (string | null)[] }[]>(everyRule);
        return rows.map(({ ptype, columns }) => new Rule(ptype, valuesOf([0, ptype, ...columns])));
      },
      changes: async (manager) => (await manager.query<ChangeRow[]>(seen(position))).map(changeOf),
    };
  }

  /** The rows of the last one of several statements. */
  private ask<Row>(statements: string): Promise<Row[]> {
    return this.connection.use(async (client) => [await client.query<Row>(statements)].flat().at(-1)?.rows ?? []);
  }
}

function changeOf({ outboxId, xid, operation, details }: ChangeRow): RuleChange {
  return { outboxId: BigInt(outboxId), xid, operation, rule: ruleOf(details) };
}

/** Whether somebody has locked the log, so that it was not waited for. */
function isLocked(error: unknown): boolean {
  return (error as { code?: unknown }).code === lockNotAvailable;
}

async function fill(draft: PolicyDraft, from: Rows, send: Send): Promise<void> {
  for await (const rows of pagesOf(from, send)) for (const row of rows) draft.append(row[1], valuesOf(row));
}

/** A page at a time, by the primary key. */
async function* pagesOf({ rows: from, parameters }: Rows, send: Send): AsyncIterable<readonly RuleRow[]> {
  const text = `
    SELECT id, ptype, ${ruleColumns.join(', ')} FROM (${from}) AS rule
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
