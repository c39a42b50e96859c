import type { DataSource } from 'typeorm';
import type { Attribution } from '../contract/attribution';
import type { PostgresClient } from '../database/idle-connection';
import { sqlStateOf } from '../database/lost-connection';
import { inTransaction, type Send } from '../database/own-transaction';
import { holdInserted, openBatch, putBackDeleted, takeBack, tellDeleted, tellInserted } from './recording.sql';
import type { FoundRule } from './search';

/** Who says in the log what was done past Grantlog, and why, for each of the two things that can be. */
export type Attributions = Readonly<Record<'inserted' | 'deleted', Attribution>>;

export interface RecorderParts {
  readonly dataSource: DataSource;
  readonly client: PostgresClient;
  readonly attributions: Attributions;
  /** The column that says where a rule holds, by policy type. */
  readonly scopeColumns: Readonly<Record<string, number>>;
}

/** What became of some rules. */
export interface Outcome {
  /** Events that were written. */
  readonly recorded: number;
  /** Rules that open transactions had locked. */
  readonly locked: number;
}

interface Written {
  readonly rows: number;
}

/** A lock was not to be had in time, or two waited for each other; nothing was changed. */
const lockStates = ['55P03', '40P01', '40001'];

/**
 * Writes the events that are missing, so that the log says what the table holds. They go through the outbox like any other: memory and listeners
 * hear of them. Each batch is a transaction; one that is killed has written nothing, and the next search finds its rules again.
 * MUST be the only one that does it.
 */
export class Recorder {
  constructor(private readonly parts: RecorderParts) {}

  /** @param seq up to which the search saw the log */
  async record(found: readonly FoundRule[], seq: string): Promise<Outcome> {
    const inserted = found.filter(({ kind }) => kind === 'inserted');
    const deleted = found.filter(({ kind }) => kind === 'deleted');
    return total([
      await this.inParts(inserted, (rules, send) => this.tellInserted(rules, seq, send)),
      await this.inParts(deleted, (rules, send) => this.tellDeleted(rules, seq, send)),
    ]);
  }

  /** Whoever holds one rule shall not keep the others from being recorded, nor those from whoever wants them. */
  private async inParts(
    rules: readonly FoundRule[],
    tell: (rules: readonly FoundRule[], send: Send) => Promise<Outcome>,
  ): Promise<Outcome> {
    if (rules.length === 0) return total([]);
    const { dataSource, client } = this.parts;
    try {
      return await inTransaction(dataSource, client, openBatch, (_, send) => tell(rules, send));
    } catch (error) {
      if (!lockStates.includes(sqlStateOf(error) ?? '')) throw error;
      if (rules.length === 1) return { recorded: 0, locked: 1 };
      const half = Math.ceil(rules.length / 2);
      return total([await this.inParts(rules.slice(0, half), tell), await this.inParts(rules.slice(half), tell)]);
    }
  }

  private async tellInserted(rules: readonly FoundRule[], seq: string, send: Send): Promise<Outcome> {
    const wanted = rules.map(({ rowId }) => rowId);
    const [held] = await send<{ ids: string[]; locked: number }>({ text: holdInserted }, [wanted]);
    const ids = new Set(held?.ids);
    const some = rules.filter(({ rowId }) => rowId !== null && ids.has(rowId));
    const parameters = [some.map(({ rowId }) => rowId), ...this.parameters(some, seq, 'inserted')];
    const [written] = await send<Written>({ text: tellInserted }, parameters);
    return { recorded: written?.rows ?? 0, locked: held?.locked ?? 0 };
  }

  private async tellDeleted(rules: readonly FoundRule[], seq: string, send: Send): Promise<Outcome> {
    const rows = await send<{ id: string }>({ text: putBackDeleted }, [rules.map(({ details }) => details)]);
    const ids = rows.map(({ id }) => id);
    const [written] = await send<Written>({ text: tellDeleted }, [ids, ...this.parameters(rules, seq, 'deleted')]);
    await send({ text: takeBack }, [ids]);
    return { recorded: written?.rows ?? 0, locked: 0 };
  }

  private parameters(rules: readonly FoundRule[], seq: string, kind: keyof Attributions): unknown[] {
    const { actor, reason, operationId } = this.parts.attributions[kind];
    return [
      rules.map(({ details }) => details),
      seq,
      actor,
      reason,
      operationId,
      JSON.stringify(this.parts.scopeColumns),
      rules.map(({ told }) => told?.seq ?? null),
    ];
  }
}

function total(outcomes: readonly Outcome[]): Outcome {
  return {
    recorded: outcomes.reduce((sum, { recorded }) => sum + recorded, 0),
    locked: outcomes.reduce((sum, { locked }) => sum + locked, 0),
  };
}
