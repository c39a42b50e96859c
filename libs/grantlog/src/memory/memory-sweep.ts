import { Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { InvalidInputError } from '../contract/grantlog.error';
import type { RuleChange } from '../rules/rule-change';
import type { RuleDifference } from '../rules/rule-difference';
import { Sweep } from '../sweep/sweep';
import type { Advance, CommittedMemory } from './committed-memory';
import { differenceInside } from './policy-difference';
import type { LoadFilter, RulePart } from './rule-part';
import type { RuleReader } from './rule-reader';

const interval = 500;

export interface MemoryHealth {
  /** Milliseconds since memory was last known to be equal to the table. */
  readonly behindMs: number;
  readonly lastError: string | null;
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
  private warned = false;
  private caughtUpAt = performance.now();
  private lastError: string | null = null;

  constructor(
    private readonly reader: RuleReader,
    private readonly memory: CommittedMemory,
  ) {
    this.sweep = new Sweep({
      step: () => this.catchUp(),
      interval,
      onFailure: (error, failures) => {
        this.lastError = String(error);
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
    return this.sweep.stop();
  }

  wake(): void {
    this.sweep.wake();
  }

  /** Resolves when memory shows everything that was committed when it was called. */
  caughtUp(): Promise<void> {
    return this.sweep.now();
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
    if (this.mustRead(changes)) await this.sweep.now().catch(() => undefined);
    else this.memory.committed(changes, whole);
  }

  /**
   * Takes memory as it is now, and gives what compares that with the table inside a transaction.
   * @throws InvalidInputError if memory holds a part of the table: what it lacks would count as surplus
   */
  difference(): (manager: EntityManager) => Promise<RuleDifference> {
    const { position } = this.memory;
    if (this.part || this.isFiltered || !position) {
      throw new InvalidInputError('savePolicy', 'Cannot save a filtered policy; loadPolicy() loads the whole one');
    }
    const now = this.memory.now();
    this.undo(); // what is saved shows when it is committed, and not before
    return (manager) => differenceInside(manager, now, this.reader.seenFrom(position));
  }

  health(): MemoryHealth {
    return { behindMs: Math.round(performance.now() - this.caughtUpAt), lastError: this.lastError };
  }

  private async catchUp(): Promise<void> {
    const from = performance.now();
    const position = this.memory.position;
    this.restore(); // also while the database cannot be asked
    if (this.reloadWanted || !position) {
      await this.read();
    } else {
      const advance = await this.reader.since(position, this.memory.knownBeyond);
      this.restore();
      if (this.reloadWanted || this.mustRead(advance.changes)) await this.read();
      else this.advance(advance);
    }
    this.caughtUpAt = from;
    this.lastError = null;
  }

  /** Whether changes alone do not tell what memory is to hold. */
  private mustRead(changes: readonly RuleChange[]): boolean {
    if (changes.length === 0) return false;
    return this.part !== undefined || this.isFiltered || this.memory.needsOrder(changes);
  }

  private async load(part: RulePart | undefined): Promise<void> {
    this.part = part;
    this.reloadWanted = true;
    try {
      await this.sweep.now();
    } catch (error) {
      this.part = this.loadedPart;
      throw error;
    }
  }

  private async read(): Promise<void> {
    const { part, memory } = this;
    const draft = memory.draft();
    this.reloadWanted = false;
    try {
      const position = await this.reader.load(part, (ptype, values) => draft.append(ptype, values));
      this.restore();
      if (part) memory.loadedPart(draft, position);
      else memory.loaded(draft, position);
      this.loadedPart = part;
    } catch (error) {
      this.reloadWanted = true;
      throw error;
    }
  }

  /** Memory that could not take a change is in an unknown state, and is read anew. */
  private advance(advance: Advance): void {
    try {
      this.memory.advance(advance);
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
