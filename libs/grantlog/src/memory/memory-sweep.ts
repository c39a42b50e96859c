import { Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { InvalidInputError } from '../contract/grantlog.error';
import type { RuleOperation } from '../contract/audit-event';
import type { Rule } from '../rules/rule';
import type { RuleChange } from '../rules/rule-change';
import type { RuleDifference } from '../rules/rule-difference';
import { Sweep } from '../sweep/sweep';
import type { Advance, CommittedMemory } from './committed-memory';
import { differenceInside } from './policy-difference';
import type { Position } from '../database/position';
import type { LoadFilter, RulePart } from './rule-part';
import { CatchUps } from './catch-ups';
import { Doubt } from './doubt';
import { type MemoryHealth, Staleness } from './staleness';
import type { Loaded, RuleReader } from './rule-reader';

const interval = 500;
/** The part of the time that rounds take while changes keep coming. */
const mostBusy = 1 / 4;
/** Milliseconds for which a call whose answer is known waits until memory agrees. */
const mostHeld = 1_000;
/** The longest time that a timer of Node's can take. */
const longestWait = 2 ** 31 - 1;

export interface MemorySweepOptions {
  /** Milliseconds after which memory that has not caught up is stale. */
  readonly maxStaleness: number;
}

/** Brings memory up to date: when woken by a commit of this node, and twice a second for the commits of others. */
export class MemorySweep {
  private readonly log = new Logger('Grantlog');
  private readonly sweep: Sweep;
  /** What memory is to hold; `undefined` means the whole table. */
  private part: RulePart | undefined;
  /** What it holds. */
  private loadedPart: RulePart | undefined;
  /** The last reload that was asked for: they are made one after another, so that each has its own outcome. */
  private lastReload: Promise<void> = Promise.resolve();
  private reloadWanted = true;
  private readonly doubt = new Doubt();
  /** The whole table, read beside the rounds; the next one brings it up to date and puts it in the place of memory. */
  private arriving: Loaded | undefined;
  private readonly catchUps = new CatchUps();
  private warned = false;
  private readonly staleness: Staleness;

  constructor(
    private readonly reader: RuleReader,
    private readonly memory: CommittedMemory,
    { maxStaleness }: MemorySweepOptions,
  ) {
    this.staleness = new Staleness(maxStaleness);
    this.sweep = new Sweep({
      step: () => this.catchUp(),
      interval,
      mostBusy,
      onFailure: (error, failures) => {
        this.staleness.failed(error);
        if (failures === 1) this.log.error(`Memory cannot follow the database, and will keep trying: ${String(error)}`);
      },
    });
  }

  /** Whether memory holds a part of the table only. */
  get isFiltered(): boolean {
    return this.loadedPart !== undefined;
  }

  /** Loads the table, then follows it. Rejects if the table cannot be loaded. */
  async start(): Promise<void> {
    await this.catchUp();
    this.sweep.start();
  }

  expectEnd(): void {
    this.sweep.expectEnd();
  }

  stop(): Promise<void> {
    return this.sweep.stop().finally(() => this.catchUps.end());
  }

  /** Whether it was told to end, with the module that it belongs to. */
  get isStopped(): boolean {
    return this.sweep.isStopped;
  }

  wake(): void {
    this.sweep.wake();
  }

  /** Transactions have committed: those that memory does not know yet are looked for. */
  hear(xids: readonly string[]): void {
    if (!xids.every((xid) => this.memory.knows(xid))) this.sweep.wake();
  }

  /**
   * Resolves when memory shows what a transaction has changed, or everything that is committed now.
   * @param limit milliseconds. Default: the option `maxStaleness`
   * @throws NotCaughtUpError if that takes longer
   */
  async caughtUp(xid?: string, limit = this.staleness.limit): Promise<void> {
    if (!(limit >= 1 && limit <= longestWait)) {
      throw new InvalidInputError('timeout', `must be a number of milliseconds from 1 to ${longestWait}; got ${limit}`);
    }
    if (xid !== undefined && !this.doubt.isOpen && this.memory.knows(xid)) return;
    const caughtUp = this.catchUps.wait(xid, limit, () => this.staleness.reason(xid));
    this.sweep.now().catch(() => undefined); // whoever waits, waits for the next one
    await caughtUp;
  }

  /** After a call that found some rules to be as wanted: if memory says otherwise, another node was faster, and is followed now. */
  async agree(operation: RuleOperation, rules: readonly Rule[]): Promise<void> {
    if (operation === 'created' ? this.memory.hasAll(rules) : this.memory.hasNone(rules)) return;
    await this.look();
  }

  /** After a call of which only the table knows what it has found. The call has its answer, and is not held for long. */
  async look(): Promise<void> {
    await this.caughtUp(undefined, mostHeld).catch(() => undefined); // memory goes on trying
  }

  /** The filters by which memory has been loaded; empty if it holds the whole table. */
  get filters(): readonly LoadFilter[] {
    return this.loadedPart?.filters ?? [];
  }

  /**
   * Reads the whole table again, or a part of it, and follows that from then on. Until it is read, and if it cannot be read,
   * memory stays as it is.
   * @param partOf is asked when the reloads before this one have ended
   */
  reload(partOf: () => RulePart | undefined): Promise<void> {
    const reload = this.lastReload.then(() => this.load(partOf()));
    this.lastReload = reload.catch(() => undefined); // whoever asked for it is told
    return reload;
  }

  /**
   * Shows changes of this node whose commit was answered. If memory holds a part of the table, or the order of its rules decides,
   * the database is asked; should that fail, the next round will do it.
   * @param whole whether these are all the changes of their transaction
   */
  async committed(changes: readonly RuleChange[], whole: boolean): Promise<void> {
    if (this.doubt.isOpen) await this.look();
    if (this.doubt.isOpen) this.memory.leave();
    if (!this.isPart && this.memory.orderedAmong(changes).length === 0) this.memory.committed(changes, whole);
    else await this.caughtUp().catch(() => undefined); // memory goes on trying
  }

  /** A connection was lost: what answers from now on may be another server. */
  mistrust(): void {
    this.doubt.raise();
  }

  /**
   * Takes memory as it is now, and gives what compares that with the table inside a transaction.
   * @throws InvalidInputError if memory holds a part of the table: what it lacks would count as surplus
   */
  difference(): (manager: EntityManager) => Promise<RuleDifference> {
    const { position } = this.memory;
    if (this.isPart || !position) {
      throw new InvalidInputError('savePolicy', 'Cannot save a filtered policy; loadPolicy() loads the whole one');
    }
    const now = this.memory.now();
    this.undo(); // what is saved shows when it is committed, and not before
    return (manager) => differenceInside(manager, now, this.reader.seenFrom(position));
  }

  health(): MemoryHealth {
    return this.staleness.health();
  }

  get isStale(): boolean {
    return this.staleness.isStale;
  }

  private async catchUp(): Promise<void> {
    const from = performance.now();
    const settle = this.doubt.asked();
    const shown = this.catchUps.begin();
    this.restore(); // also while the database cannot be asked
    const position = this.memory.position;
    if (this.reloadWanted || !position) await this.read();
    else if (this.arriving) await this.arrive(this.arriving);
    else await this.follow(position);
    settle();
    this.staleness.caughtUp(from);
    shown((xid) => this.memory.knows(xid));
  }

  private async follow(position: Position): Promise<void> {
    const advance = await this.reader.since(position, this.memory.knownBeyond, () => this.memory.leave());
    this.restore();
    if (!advance || this.reloadWanted || (this.isPart && advance.changes.length > 0)) return this.read();
    const ordered = this.memory.orderedAmong(advance.changes);
    if (ordered.length > 0) await this.followInOrder(position, ordered);
    else this.advance(() => this.memory.advance(advance));
  }

  /** Reads all rules of the types whose order decides, with the changes of the others. */
  private async followInOrder(from: Position, ptypes: readonly string[]): Promise<void> {
    const draft = this.memory.draft(ptypes);
    const advance = await this.reader.sinceWith(from, ptypes, draft);
    this.restore();
    if (!advance || this.reloadWanted) await this.read();
    else this.advance(() => this.memory.advanceWith(draft, advance));
  }

  private async arrive({ draft, position }: Loaded): Promise<void> {
    const { mark } = this.memory;
    const advance = await this.unordered(position);
    this.arriving = undefined;
    if (!advance || this.reloadWanted) await this.read();
    else this.memory.loaded(draft, advance, mark);
  }

  /** What was committed since a position, if it can be put on top of what was read there. */
  private async unordered(from: Position): Promise<Advance | undefined> {
    const advance = await this.reader.since(from, []);
    this.restore();
    return advance && this.memory.orderedAmong(advance.changes).length === 0 ? advance : undefined;
  }

  /** Whether memory holds a part of the table, or is to: then changes alone do not tell what belongs there. */
  private get isPart(): boolean {
    return this.part !== undefined || this.isFiltered;
  }

  private async load(part: RulePart | undefined): Promise<void> {
    if (!part && !this.isPart && this.memory.position) return this.loadBeside();
    this.part = part;
    this.reloadWanted = true;
    try {
      await this.sweep.now();
    } catch (error) {
      this.part = this.loadedPart;
      throw error;
    }
  }

  /** Reads the whole table while rounds go on, so that what others revoke meanwhile does not wait. */
  private async loadBeside(): Promise<void> {
    this.arriving = await this.reader.loadBeside(this.memory.draft());
    try {
      await this.sweep.now();
    } finally {
      this.arriving = undefined;
    }
  }

  private async read(): Promise<void> {
    const { part, memory } = this;
    this.reloadWanted = false;
    this.arriving = undefined;
    try {
      const before = memory.mark;
      const { draft, position } = await this.reader.load(part, memory.draft());
      const { mark } = memory;
      const advance = part ? undefined : await this.unordered(position);
      this.restore();
      if (part) memory.loadedPart(draft, position);
      else if (advance) memory.loaded(draft, advance, mark);
      else memory.loaded(draft, { position, changes: [] }, before);
      this.loadedPart = part;
    } catch (error) {
      this.reloadWanted = true;
      throw error;
    }
  }

  /** Memory that could not take a change is in an unknown state, and is read anew. */
  private advance(advance: () => void): void {
    try {
      advance();
    } catch (error) {
      this.reloadWanted = true;
      throw error;
    }
  }

  private restore(): void {
    if (!this.undo() || this.warned) return;
    this.warned = true;
    this.log.warn(
      'Memory was changed past the enforcer, through getModel() or getRoleManager(). That was undone, because no rule in the ' +
        'table says so and no record could tell of it; change rules through the enforcer. This is said once.',
    );
  }

  /** @returns whether anything had been changed past the rules */
  private undo(): boolean {
    const restored = this.memory.restore();
    // What was put back stands behind the others, and the table knows where it belongs.
    if (this.memory.isOrdered(restored)) this.reloadWanted = true;
    return restored.length > 0;
  }
}
