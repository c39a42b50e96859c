import { AsyncLocalStorage } from 'node:async_hooks';
import { Logger } from '@nestjs/common';
import type { DataSource, EntityManager } from 'typeorm';
import type { Attribution } from '../contract/attribution';
import type { RuleEvent, RuleOperation } from '../contract/audit-event';
import { GrantlogError } from '../contract/grantlog.error';
import type { RuleEntry } from '../contract/outbox-batch';
import { autocommit, unknownIfLost } from '../database/autocommit';
import { onIdleConnection } from '../database/idle-connection';
import { isRefusal, isTransient } from '../database/lost-connection';
import { query } from '../database/query';
import { CommitHints } from '../outbox/commit-hints.subscriber';
import type { CommitSignal } from '../outbox/commit-signal';
import { entryOf, type OutboxRow } from '../outbox/outbox-columns';
import { Coalescer } from './coalescer';
import { removalOf, type ShapedFilter } from './matching-removal';
import { type Rule, ruleColumns } from './rule';
import { type ChangedRow, RuleBatch, type RuleCall } from './rule-batch';
import { changeOf, type RuleChange } from './rule-change';
import type { RuleShape } from './rule-shape';
import { findRule, moveRule } from './rule-statements';
import { Turns } from './turns';

/** Who makes a change and why, and in which transaction. */
export interface Call {
  readonly attribution: Attribution;
  /** The caller's transaction; without one the statement commits by itself. */
  readonly manager?: EntityManager;
  /** Whether this is part of a call that has its turn in that transaction already. */
  readonly within?: true;
}

/** A change of rules of one policy type, ready to be written. */
export interface Write extends Call {
  readonly shape: RuleShape;
}

export interface RuleStoreParts {
  readonly dataSource: DataSource;
  readonly signal: CommitSignal;
  /** How many rules there are, as far as this node knows. */
  readonly size: () => number;
  /** Hears of changes that are committed for certain; `whole` says that their transaction made no others. */
  readonly committed: (changes: readonly RuleChange[], whole: boolean) => Promise<void>;
  /** Hears of a call outside a transaction that found some of the rules to be as wanted. */
  readonly agree: (operation: RuleOperation, rules: readonly Rule[]) => Promise<void>;
  /** Hears of one of which only the table knows what it has found. */
  readonly look: () => Promise<void>;
  /** Hears of changes in a caller's transaction, which may roll them back: all those of one call, or of one statement. */
  readonly pending?: (entries: readonly RuleEntry[]) => void;
}

/** How long a statement that several calls share waits for a lock: whoever holds it shall not hold the neighbours. */
const sharedPatience = '50ms';
/** How often a transaction of our own is begun, if PostgreSQL asks to repeat it. */
const mostAttempts = 20;

/** What is done in one transaction, and what it has changed. */
type Work = (manager: EntityManager) => Promise<RuleEntry[]>;

/** Rolls a batch back that found less to change than it was told. */
class IncompleteChange extends Error {}

/**
 * Writes a rule and its event in one statement, which concurrent calls share. The answer says which rules really changed: the
 * database is the judge, not the memory of this node.
 */
export class RuleStore {
  private readonly log = new Logger('Grantlog');
  /** Where no request is the current one: what calls share belongs to none of them. */
  private readonly outside = AsyncLocalStorage.snapshot() as <T>(work: () => T) => T;
  private readonly turns = new Turns();
  private readonly coalescers = new Map<string, Coalescer<RuleCall, RuleEntry[]>>();

  constructor(private readonly parts: RuleStoreParts) {}

  add(write: Write, rules: readonly Rule[]): Promise<RuleEntry[]> {
    return this.change(write, 'created', rules);
  }

  remove(write: Write, rules: readonly Rule[]): Promise<RuleEntry[]> {
    return this.change(write, 'deleted', rules);
  }

  /** Removes what one of the filters matches, or more than one. Each MUST give a value. */
  async removeMatching(call: Call, filters: readonly ShapedFilter[]): Promise<RuleEntry[]> {
    const { text, parameters } = removalOf(filters, call.attribution);
    if (call.manager) {
      const rows = await this.inside<OutboxRow<RuleEvent>>(call, call.manager, text, parameters);
      return this.follow(call, rows.map(entryOf<RuleEvent>));
    }
    const rows = await autocommit<OutboxRow<RuleEvent>>(this.parts.dataSource, { text }, parameters);
    const entries = await this.told(rows.map(entryOf<RuleEvent>));
    await this.parts.look(); // another node may have removed some of them before
    return entries;
  }

  /**
   * Puts a rule in the place of another one, which is its place in the order of the table too. If the new one is there already,
   * the old one goes all the same.
   * @returns whether the old one was there; without it nothing changes
   */
  async replace(write: Write, old: Rule, renewed: Rule): Promise<boolean> {
    const entries = await this.whole(write.manager, async (manager) => {
      const inside: Write = { ...write, manager, within: true };
      const [row] = await manager.query<RuleRow[]>(`${findRule} FOR UPDATE`, columnsOf(old));
      if (!row) return [];
      const removed = await this.remove(inside, [old]);
      const added = await this.add(inside, [renewed]);
      if (added.length > 0) await manager.query(moveRule, [...columnsOf(renewed), row.id]);
      return [...removed, ...added];
    });
    if (!write.manager && entries.length === 0) await this.parts.look();
    return entries.length > 0;
  }

  /** Whether the table holds a rule. */
  async holds({ manager }: Call, rule: Rule): Promise<boolean> {
    const rows = await (manager
      ? manager.query<RuleRow[]>(findRule, columnsOf(rule))
      : query<RuleRow>(this.parts.dataSource, findRule, columnsOf(rule)));
    return rows.length > 0;
  }

  /**
   * Runs `change`, which would change `expected` rules, and undoes it if it changed fewer.
   * @returns whether it was done
   */
  async allOrNone(write: Write, expected: number, change: (inside: Write) => Promise<RuleEntry[]>): Promise<boolean> {
    try {
      await this.whole(write.manager, async (manager) => {
        const entries = await change({ ...write, manager, within: true });
        if (entries.length < expected) throw new IncompleteChange();
        return entries;
      });
      return true;
    } catch (error) {
      if (!(error instanceof IncompleteChange)) throw error;
      if (!write.manager) await this.parts.look();
      return false;
    }
  }

  /** Does all of `work` or nothing: behind a savepoint of the caller's transaction, or in one of our own. */
  async whole(given: EntityManager | undefined, work: Work): Promise<RuleEntry[]> {
    if (given) return this.follow({}, await this.inTurn(given, () => given.transaction(work)));
    return this.told(await this.transact(work), false); // the host's subscribers may have added to it
  }

  /** Statements that follow each other can meet others crosswise; PostgreSQL then rolls one of them back, to be repeated. */
  private transact(work: Work): Promise<RuleEntry[]> {
    return onIdleConnection(this.parts.dataSource, async (client, runner) => {
      const { manager } = runner;
      CommitHints.pass(runner);
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await manager.transaction('READ COMMITTED', work);
        } catch (error) {
          if (error instanceof IncompleteChange || isOurs(error)) throw error;
          if (attempt >= mostAttempts || !isTransient(error)) return unknownIfLost(error, client);
        }
      }
    });
  }

  private async change(write: Write, operation: RuleOperation, rules: readonly Rule[]): Promise<RuleEntry[]> {
    if (rules.length === 0) return [];
    const { shape, attribution, manager } = write;
    const call = { shape, operation, rules: distinct(rules), attribution };
    if (!manager) return this.alone(call);
    const batch = new RuleBatch([call]);
    const rows = await this.inside<ChangedRow>(
      write,
      manager,
      batch.statement(this.parts.size()).text,
      batch.parameters(null),
    );
    return this.follow(write, batch.entries(rows).flat());
  }

  /** Not of what is part of another call: that one may take it back by itself. */
  private follow({ within }: Pick<Call, 'within'>, entries: RuleEntry[]): RuleEntry[] {
    if (!within) this.parts.pending?.(entries);
    return entries;
  }

  private async alone(call: RuleCall): Promise<RuleEntry[]> {
    const entries = await this.coalescerFor(call).run(call);
    if (entries.length < call.rules.length) await this.parts.agree(call.operation, call.rules);
    return entries;
  }

  /** Nothing is told to memory here: the caller may still roll back, and only committed rows count. */
  private async inside<Row>(call: Call, manager: EntityManager, sql: string, parameters: unknown[]): Promise<Row[]> {
    const send = (): Promise<Row[]> => manager.query<Row[]>(sql, parameters);
    const rows = await (call.within ? send() : this.inTurn(manager, send));
    if (manager.queryRunner?.isTransactionActive) CommitHints.mark(manager.queryRunner);
    else await this.outsideTypeorm();
    return rows;
  }

  /** TypeORM knows of no transaction. There may be one that was begun by hand: the table knows. */
  private async outsideTypeorm(): Promise<void> {
    this.parts.signal.give(false);
    await this.parts.look();
  }

  private inTurn<T>({ queryRunner }: EntityManager, work: () => Promise<T>): Promise<T> {
    return queryRunner ? this.turns.take(queryRunner, work) : work();
  }

  /** One statement holds one operation on rules of one policy type. */
  private coalescerFor({ shape, operation }: RuleCall): Coalescer<RuleCall, RuleEntry[]> {
    const which = `${operation} ${shape.ptype}`;
    const known = this.coalescers.get(which);
    if (known) return known;
    const coalescer = new Coalescer<RuleCall, RuleEntry[]>({
      keysOf: ({ rules }) => rules.map(({ key }) => key),
      together: (calls) => this.outside(() => this.commit(new RuleBatch(calls), sharedPatience, 1)),
      alone: async (call) => (await this.commit(new RuleBatch([call]), null)).flat(),
      mayRepeat: (error) => this.wasRefused(error),
    });
    this.coalescers.set(which, coalescer);
    return coalescer;
  }

  private wasRefused(error: unknown): boolean {
    if (!isRefusal(error)) return false;
    const { code } = error as { code?: unknown };
    this.log.debug(`A statement that calls share was refused (${String(code)}); each call gets its own.`);
    return true;
  }

  private async commit(batch: RuleBatch, patience: string | null, attempts?: number): Promise<RuleEntry[][]> {
    const { dataSource, size } = this.parts;
    const rows = await autocommit<ChangedRow>(
      dataSource,
      batch.statement(size()),
      batch.parameters(patience),
      attempts,
    );
    const entries = batch.entries(rows);
    await this.told(entries.flat());
    return entries;
  }

  /** Tells memory, and whoever waits, of changes that are committed for certain. */
  private async told(entries: RuleEntry[], whole = true): Promise<RuleEntry[]> {
    if (entries.length === 0) return entries;
    await this.parts.committed(entries.map(changeOf), whole);
    this.parts.signal.give(true);
    return entries;
  }
}

function distinct(rules: readonly Rule[]): Rule[] {
  return rules.length === 1 ? [...rules] : [...new Map(rules.map((rule) => [rule.key, rule])).values()];
}

/** Whether `work` failed by itself, so that the connection is as good as before. */
function isOurs(error: unknown): boolean {
  return error instanceof GrantlogError || error instanceof TypeError || error instanceof RangeError;
}

interface RuleRow {
  readonly id: number;
}

function columnsOf({ ptype, values }: Rule): unknown[] {
  return [ptype, ...ruleColumns.map((_, at) => values[at] ?? null)];
}
