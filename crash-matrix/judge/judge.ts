import type { Client, QueryResultRow } from 'pg';
import type { Findings } from '../findings';
import { neverCommitted, type RuleText } from '../orders';
import { readAnswers, readDeliveries } from './answers';
import * as ledger from './ledger';
import { rulesOfTable } from './witness';

/** What is found in the tables. */
export type LedgerFindings = Omit<Findings, 'grantsNotInTable' | 'rulesNotInMemory' | 'notRecovered'>;
export type MemoryFindings = Pick<Findings, 'grantsNotInTable' | 'rulesNotInMemory'>;

/** Compares what was committed with what was recorded, and with what memory shows. It asks the tables, and none of our code. */
export class Judge {
  constructor(
    private readonly database: Pick<Client, 'query'>,
    /** Folder of what the app was told. */
    private readonly notes: string,
  ) {}

  /** Whether all that is committed is recorded, and delivered to every follower, and nobody can still commit anything. */
  async isAtRest(): Promise<boolean> {
    const [row] = await this.ask<{ rest: boolean }>(
      `SELECT NOT EXISTS (SELECT FROM audit_outbox) AND NOT EXISTS (
         SELECT FROM audit_follower AS follower, audit_head AS head WHERE follower.seq < head.seq)
         AND pg_snapshot_xmin(pg_current_snapshot()) = pg_snapshot_xmax(pg_current_snapshot()) AS rest`,
    );
    return row?.rest ?? false;
  }

  /** Compares what the tables hold. MUST be called at rest. @returns what was found, and how far it has come */
  async verify({ verified, known }: ledger.From): Promise<{ findings: LedgerFindings; verified: ledger.Verified }> {
    const from = known ? ledger.fromTheBeginning : verified;
    const { ids, operations, subjects } = readAnswers(this.notes);
    const { witness, seq, outboxId } = from;
    const reached = await this.one<ledger.Verified>(ledger.theEnd, [seq, outboxId]);
    const inTables = {
      ...(await this.one<Pick<Findings, 'missed' | 'withoutChange'>>(ledger.unequal, [witness, seq])),
      ...(await this.one<Pick<Findings, 'duplicates'>>(ledger.repeated, [seq, outboxId])),
      ...(await this.one<Pick<Findings, 'gaps'>>(ledger.outOfLine, [seq])),
    };
    const findings = {
      ...(known ? less(inTables, known) : inTables),
      ...(await this.one<Pick<Findings, 'acknowledgedGone'>>(ledger.goneAfterAnswer, [ids, operations, subjects])),
      ...(await this.one<Pick<Findings, 'undelivered'>>(ledger.passedOver, [verified.seq, readDeliveries(this.notes)])),
    };
    return { findings, verified: reached };
  }

  /** Compares a memory with the table, both ways. */
  async compare(memory: readonly RuleText[]): Promise<MemoryFindings> {
    const table = (await this.ask<{ rule: string[] }>(rulesOfTable)).map(({ rule }) => JSON.stringify(rule));
    return { grantsNotInTable: surplus(memory, table), rulesNotInMemory: surplus(table, memory) };
  }

  /** Rules that were never committed: in a memory, at whatever time it was asked, or shown to the app before. */
  neverCommitted(memory: readonly RuleText[]): number {
    return memory.filter((rule) => rule.includes(neverCommitted)).length + readAnswers(this.notes).phantoms.length;
  }

  private async one<Row extends object>(sql: string, parameters: unknown[]): Promise<Row> {
    const [row] = await this.ask<Row & QueryResultRow>(sql, parameters);
    if (!row) throw new TypeError('a count is one row');
    return row;
  }

  private async ask<Row extends QueryResultRow>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    return (await this.database.query<Row>(sql, parameters)).rows;
  }
}

type TableFindings = Pick<Findings, 'missed' | 'withoutChange' | 'duplicates' | 'gaps'>;

function less(found: TableFindings, known: Findings): TableFindings {
  return {
    missed: Math.max(0, found.missed - known.missed),
    withoutChange: Math.max(0, found.withoutChange - known.withoutChange),
    duplicates: Math.max(0, found.duplicates - known.duplicates),
    gaps: Math.max(0, found.gaps - known.gaps),
  };
}

/** How many of `some` are not among the `others`, each as often as it occurs. */
function surplus(some: readonly RuleText[], others: readonly RuleText[]): number {
  const left = new Map<RuleText, number>();
  for (const rule of others) left.set(rule, (left.get(rule) ?? 0) + 1);
  return some.filter((rule) => {
    const times = left.get(rule) ?? 0;
    left.set(rule, times - 1);
    return times <= 0;
  }).length;
}
