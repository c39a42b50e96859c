import type { DataSource, EntityManager } from 'typeorm';
import type { Attribution } from '../contract/attribution';
import type { OutboxEntry } from '../contract/outbox-batch';
import { autocommit, unknownIfLost } from '../database/autocommit';
import { onIdleConnection } from '../database/idle-connection';
import { CommitHints } from '../outbox/commit-hints.subscriber';
import type { CommitSignal } from '../outbox/commit-signal';
import { entryOf, type OutboxRow } from '../outbox/outbox-columns';
import { type Rule, ruleColumns } from './rule';
import { changeOf, type RuleChange } from './rule-change';
import type { RuleShape } from './rule-shape';
import { deleteMatchingRules, deleteRules, insertRules } from './rule-statements';

/** A change of rules, ready to be written: which ones, and who does it why. */
export interface Write {
  readonly shape: RuleShape;
  readonly attribution: Attribution;
  /** The caller's transaction; without one the statement commits by itself. */
  readonly manager?: EntityManager;
}

export interface RuleStoreParts {
  readonly dataSource: DataSource;
  readonly signal: CommitSignal;
  /** Hears of changes that are committed for certain. */
  readonly committed: (changes: readonly RuleChange[]) => Promise<void>;
}

/** Rolls a batch back that found less to change than it was told. */
class IncompleteChange extends Error {}

/**
 * Writes a rule and its event in one statement. The answer says which rules really changed: the database is the judge, not
 * the memory of this node.
 */
export class RuleStore {
  constructor(private readonly parts: RuleStoreParts) {}

  add(write: Write, rules: readonly Rule[]): Promise<OutboxEntry[]> {
    return this.run(insertRules(write.shape), columnArrays(rules), write);
  }

  remove(write: Write, rules: readonly Rule[]): Promise<OutboxEntry[]> {
    return this.run(deleteRules(write.shape), columnArrays(rules), write);
  }

  /** @param values what each column must be; `undefined` matches anything. At least one MUST be given. */
  removeMatching(write: Write, values: readonly (string | undefined)[]): Promise<OutboxEntry[]> {
    return this.run(
      deleteMatchingRules(write.shape),
      ruleColumns.map((_, at) => values[at] ?? null),
      write,
    );
  }

  /**
   * Runs `change`, which would change `expected` rules, and undoes it if it changed fewer: behind a savepoint of the caller's
   * transaction, or in one of our own.
   * @returns whether it was done
   */
  async allOrNone(write: Write, expected: number, change: (inside: Write) => Promise<OutboxEntry[]>): Promise<boolean> {
    const whole = async (manager: EntityManager): Promise<OutboxEntry[]> => {
      const entries = await change({ ...write, manager });
      if (entries.length < expected) throw new IncompleteChange();
      return entries;
    };
    try {
      if (write.manager) await write.manager.transaction(whole);
      else await this.told(await this.transact(whole));
      return true;
    } catch (error) {
      if (error instanceof IncompleteChange) return false;
      throw error;
    }
  }

  private transact(work: (manager: EntityManager) => Promise<OutboxEntry[]>): Promise<OutboxEntry[]> {
    return onIdleConnection(this.parts.dataSource, async (client, { manager }) => {
      try {
        return await manager.transaction('READ COMMITTED', work);
      } catch (error) {
        if (error instanceof IncompleteChange) throw error;
        return unknownIfLost(error, client);
      }
    });
  }

  private run(sql: string, columns: readonly unknown[], write: Write): Promise<OutboxEntry[]> {
    const { actor, reason, operationId, requestId, sourceIp, userAgent } = write.attribution;
    const parameters = [write.shape.ptype, ...columns, actor, reason, operationId, requestId, sourceIp, userAgent];
    return write.manager ? this.runInside(write.manager, sql, parameters) : this.runAlone(sql, parameters);
  }

  /** Nothing is told to memory here: the caller may still roll back, and only committed rows count. */
  private async runInside(manager: EntityManager, sql: string, parameters: unknown[]): Promise<OutboxEntry[]> {
    const rows = await manager.query<OutboxRow[]>(sql, parameters);
    if (manager.queryRunner?.isTransactionActive) CommitHints.mark(manager.queryRunner);
    else this.parts.signal.give(false);
    return rows.map(entryOf);
  }

  private async runAlone(sql: string, parameters: unknown[]): Promise<OutboxEntry[]> {
    const rows = await autocommit<OutboxRow>(this.parts.dataSource, sql, parameters);
    return this.told(rows.map(entryOf));
  }

  /** Tells memory, and whoever waits, of changes that are committed for certain. */
  private async told(entries: OutboxEntry[]): Promise<OutboxEntry[]> {
    if (entries.length === 0) return entries;
    await this.parts.committed(entries.map(changeOf));
    this.parts.signal.give(true);
    return entries;
  }
}

function columnArrays(rules: readonly Rule[]): (string | null)[][] {
  return ruleColumns.map((_, at) => rules.map(({ values }) => values[at] ?? null));
}
