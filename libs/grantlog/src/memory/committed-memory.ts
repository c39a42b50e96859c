import type { Rule } from '../rules/rule';
import type { RuleChange } from '../rules/rule-change';
import type { PolicyDraft } from '../policy/policy-draft';
import type { MemoryThen } from './policy-difference';
import type { PolicyMemory } from '../policy/policy-memory';
import { Position } from '../database/position';

/** What a reader of the database learned: the changes that became visible, and the point up to which it looked. */
export interface Advance {
  readonly position: Position;
  readonly changes: readonly RuleChange[];
}

/** More transactions than this are not worth telling the database of, each time it is asked. */
const mostTold = 5_000;

/**
 * Keeps an enforcer's memory equal to the table at a known position, plus the changes of this node that are committed
 * beyond it. That is enough to be right whatever the order in which answers arrive: a change seen from the position is
 * already in memory (or was superseded there), and of two changes of one rule beyond it the higher outbox id is the later.
 */
export class CommittedMemory {
  private at: Position | undefined;
  private readonly ahead = new Map<string, RuleChange>();
  /** When each of them was answered: the number of answers until then. */
  private readonly answered = new Map<string, number>();
  private answers = 0;
  private left = false;
  private readonly told = new Set<string>();

  constructor(private readonly memory: PolicyMemory) {}

  /** Where memory stands; `undefined` before the first load. */
  get position(): Position | undefined {
    return this.at;
  }

  /** Transactions of this node that are beyond the position and already in memory: nobody needs to read them again. */
  get knownBeyond(): readonly string[] {
    return this.told.size > mostTold ? [] : [...this.told];
  }

  /** Another server answers: what its transactions mean is not known until the table has been read there. */
  leave(): void {
    this.at = undefined;
    this.left = true;
    this.told.clear();
  }

  /** Memory as Casbin sees it now. */
  now(): MemoryThen {
    const { at } = this;
    const ahead = new Map(this.ahead);
    return {
      contents: [...this.memory.contents()],
      knew: ({ rule, outboxId }) => (ahead.get(rule.key)?.outboxId ?? -1n) >= outboxId,
      isSeenFrom: (snapshot) => {
        const there = new Position(snapshot, '0');
        return there.seesAllOf(at) && [...ahead.values()].every(({ xid }) => there.sees(xid));
      },
    };
  }

  /** Policy types of changed rules whose place among the others matters, which only the table can tell. */
  orderedAmong(changes: readonly RuleChange[]): string[] {
    const ptypes = new Set(changes.map(({ rule }) => rule.ptype));
    return [...ptypes].filter((ptype) => this.memory.isOrdered(ptype));
  }

  /** Whether decisions depend on the order of the rules of one of these policy types. */
  isOrdered(ptypes: readonly string[]): boolean {
    return ptypes.some((ptype) => this.memory.isOrdered(ptype));
  }

  /** Rules in memory. */
  get size(): number {
    return this.memory.size;
  }

  /**
   * Changes of this node, of different rules, whose commit was answered.
   * @param whole whether these are all the changes of their transaction
   */
  committed(changes: readonly RuleChange[], whole: boolean): void {
    const news = changes.filter(
      (change) => !this.at?.sees(change.xid) && !isLater(this.ahead.get(change.rule.key), change),
    );
    for (const change of news) this.expect(change);
    if (whole) for (const { xid } of changes) if (!this.at?.sees(xid)) this.told.add(xid);
    this.memory.apply(news);
  }

  /**
   * A place for the rules that a load finds, until it is known that it has found all.
   * @param ptypes policy types. Default: all
   */
  draft(ptypes?: readonly string[]): PolicyDraft {
    return this.memory.draft(ptypes);
  }

  /** Tells answers that come from now on from those that have come. */
  get mark(): number {
    return this.answers;
  }

  /**
   * The whole table as a load has found it, with the changes between that and a later position.
   * @param mark when the later position was asked for. If another server has told it, what was answered before may be lost there,
   * and what is not has been read
   */
  loaded(draft: PolicyDraft, { position, changes }: Advance, mark: number): void {
    if (this.left || (this.at && this.at.server !== position.server)) this.forgetUntil(mark);
    this.left = false;
    this.moveTo(position);
    for (const { operation, rule } of this.latestOf([...changes, ...this.ahead.values()])) {
      if (operation === 'created') draft.add(rule.ptype, rule.values);
      else draft.delete(rule.ptype, rule.values);
    }
    this.memory.become(draft);
  }

  /** A part of the table, as it was at a position. What was committed beyond is told again, so that it can be seen what belongs to the part. */
  loadedPart(draft: PolicyDraft, position: Position): void {
    this.moveTo(position);
    this.forgetUntil(this.mark);
    this.memory.become(draft);
  }

  /** The changes between the present position and a later one. */
  advance({ position, changes }: Advance): void {
    const latest = this.latestOf(changes).filter((change) => !isLater(this.ahead.get(change.rule.key), change));
    this.moveTo(position);
    this.memory.apply(latest);
  }

  /** The same, with all rules of some policy types as they were at the later position. */
  advanceWith(draft: PolicyDraft, { position, changes }: Advance): void {
    this.advance({ position, changes: changes.filter(({ rule }) => !draft.types.has(rule.ptype)) });
    this.memory.become(draft);
  }

  /** Whether memory shows what a transaction has changed, or the transaction was rolled back. */
  knows(xid: string): boolean {
    return this.told.has(xid) || (this.at?.sees(xid) ?? false);
  }

  /** Whether memory holds each of the rules. */
  hasAll(rules: readonly Rule[]): boolean {
    return rules.every((rule) => this.memory.has(rule));
  }

  /** Whether memory holds none of them. */
  hasNone(rules: readonly Rule[]): boolean {
    return !rules.some((rule) => this.memory.has(rule));
  }

  /** Undoes what was changed in memory past the rules. @returns the policy types (or sections) in which something was */
  restore(): readonly string[] {
    return this.memory.restore();
  }

  /** The last change of each rule. */
  private latestOf(changes: Iterable<RuleChange>): RuleChange[] {
    const latest = new Map<string, RuleChange>();
    for (const change of changes) {
      const { key } = change.rule;
      if (!isLater(latest.get(key), change)) latest.set(key, change);
    }
    return [...latest.values()];
  }

  private expect(change: RuleChange): void {
    const { key } = change.rule;
    this.ahead.set(key, change);
    this.answered.set(key, (this.answers += 1));
  }

  private forget(key: string): void {
    this.ahead.delete(key);
    this.answered.delete(key);
  }

  private forgetUntil(mark: number): void {
    for (const [key, answer] of this.answered) if (answer <= mark) this.forget(key);
    this.told.clear();
  }

  private moveTo(position: Position): void {
    this.at = position;
    for (const [key, change] of this.ahead) if (position.sees(change.xid)) this.forget(key);
    for (const xid of this.told) if (position.sees(xid)) this.told.delete(xid);
  }
}

function isLater(known: RuleChange | undefined, change: RuleChange): boolean {
  return known !== undefined && known.outboxId > change.outboxId;
}
