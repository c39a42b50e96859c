import { type Adapter, Enforcer, type Watcher, type WatcherEx } from 'casbin';
import { xidOf } from '../contract/commit-token';
import { InvalidInputError } from '../contract/grantlog.error';
import type { MemorySweep } from '../memory/memory-sweep';
import type { LoadFilter, RulePart } from '../memory/rule-part';
import { sectionOf } from '../rules/rule';
import type { RuleChange } from '../rules/rule-change';
import type { RuleChanges } from '../rules/rule-changes';
import type { RuleFilter } from '../rules/rule-filter';
import { DecisionCache } from './decision-cache';
import { openLockOf } from './open-lock';
import { grantsOf, holdersOf, permissionsOf, rolesOf } from './rbac-filters';
import { refusedCalls, UnauditedCallError } from './refused-calls';
import { denyWhileStale } from './stale-denial';
import { Watchers } from './watchers';

interface EnforcerParts {
  readonly changes: RuleChanges;
  readonly memory: MemorySweep;
  /** The part of the table that filters select. */
  readonly partOf: (filters: readonly LoadFilter[]) => RulePart;
  readonly adapter: Adapter;
  /** Whether requests are denied while memory is stale. */
  readonly denyWhenStale: boolean;
}

/** Casbin's Enforcer, SyncedEnforcer or CachedEnforcer, or a class made of one of them; constructed without arguments. */
export type EnforcerClass<T extends Enforcer = Enforcer> = new () => T;

export interface CatchUpOptions {
  /** Milliseconds, 1 to 2^31 - 1. Default: the option `maxStaleness` of the module */
  readonly timeout?: number;
}

/** What an audited enforcer has besides Casbin's API. */
export interface AuditedSeam {
  /**
   * Resolves when the memory of this node shows the change of a token, or that change was rolled back; without a token, when it
   * shows everything that is committed now. A token is what `assign()`, `remove()` and `removeAll()` answer, on any node.
   * @throws NotCaughtUpError if that takes longer than the timeout, as inside the transaction of the change itself
   * @throws InvalidInputError for what is no token, or no number of milliseconds
   */
  caughtUp(token?: string, options?: CatchUpOptions): Promise<void>;
  /** @internal Casbin constructs enforcers without arguments; this is where the parts come in and the door closes. */
  attach(parts: EnforcerParts): void;
  /** @internal MUST be called in the same turn in which memory has changed. */
  memoryChanged(): void;
  /** @internal Changes of this node are committed and in memory; or a transaction has ended in which some were made. */
  tellWatchers(changes?: readonly RuleChange[]): void;
}

const made = new WeakMap<EnforcerClass, EnforcerClass<Enforcer & AuditedSeam>>();

/**
 * The audited class of one of Casbin's enforcer classes; the same one whenever it is asked for, so that `instanceof` works.
 * What AuditedEnforcer promises holds for it.
 */
export function audited<T extends Enforcer>(Base: EnforcerClass<T>): EnforcerClass<T & AuditedSeam> {
  const known = made.get(Base) ?? mixin(Base);
  made.set(Base, known);
  return known as EnforcerClass<T & AuditedSeam>;
}

/**
 * A Casbin enforcer whose changes are written together with their events, in the caller's transaction where there is one,
 * and whose memory shows committed rules only. It is a drop-in: code that uses Casbin's API goes on working. Calls of it that
 * would change rules without a record are refused with an UnauditedCallError. What `getModel()` and `getRoleManager()` hand
 * out is Casbin's own and for reading: a change made there is in this node's memory only, and no record tells of it.
 */
export type AuditedEnforcer = Enforcer & AuditedSeam;
export const AuditedEnforcer = audited(Enforcer);

// eslint-disable-next-line max-lines-per-function -- a mixin is a class inside a function; the methods of the class are short
function mixin(Base: EnforcerClass): EnforcerClass<Enforcer & AuditedSeam> {
  return class Audited extends Base implements AuditedSeam {
    private changes!: RuleChanges;
    private memory!: MemorySweep;
    private partOf!: EnforcerParts['partOf'];
    private decisions: DecisionCache | undefined;
    private readonly watchers = new Watchers({
      model: () => this.model,
      catchUp: () => this.memory.caughtUp().catch(() => undefined), // memory goes on trying, and says so
    });

    attach({ changes, memory, partOf, adapter, denyWhenStale }: EnforcerParts): void {
      this.changes = changes;
      this.memory = memory;
      this.partOf = partOf;
      this.adapter = adapter;
      refuseUnauditedCalls(this);
      openLockOf(this);
      this.decisions = DecisionCache.of(this);
      if (denyWhenStale) denyWhileStale(this, () => memory.isStale);
    }

    async caughtUp(token?: string, { timeout }: CatchUpOptions = {}): Promise<void> {
      await this.memory.caughtUp(token === undefined ? undefined : xidOf(token), timeout);
    }

    memoryChanged(): void {
      this.decisions?.memoryChanged();
    }

    tellWatchers(changes?: readonly RuleChange[]): void {
      if (this.autoNotifyWatcher) this.watchers.tell(changes);
    }

    /** What the watcher hears from others makes memory look into the table; nodes of Grantlog need no watcher for that. */
    override setWatcher(watcher: Watcher): void {
      this.watchers.set(watcher);
    }

    override setWatcherEx(watcher: WatcherEx): void {
      this.watchers.setEx(watcher);
    }

    /** Reads the whole table again; what is granted before and after stays granted in between. */
    override loadPolicy(): Promise<void> {
      return this.memory.reload(() => undefined);
    }

    /** Reads what matches a filter as typeorm-adapter takes it, in the place of everything else, and follows that part. */
    override async loadFilteredPolicy(filter: LoadFilter): Promise<boolean> {
      const part = this.partOf([filter]);
      await this.memory.reload(() => part);
      return true;
    }

    /** Adds what matches a filter to a filtered policy; a whole one has it already. */
    override async loadIncrementalFilteredPolicy(filter: LoadFilter): Promise<boolean> {
      this.partOf([filter]); // which refuses what is no filter
      await this.memory.reload(() => {
        const { filters } = this.memory;
        return filters.length > 0 ? this.partOf([...filters, filter]) : undefined;
      });
      return true;
    }

    override isFiltered(): boolean {
      return this.memory.isFiltered;
    }

    /** Writes the difference between memory and the table, in one transaction. */
    override async savePolicy(): Promise<boolean> {
      await this.changes.reconcile(this.memory.difference());
      return true;
    }

    /** Links follow the rules by themselves: there is nothing to build, and what was changed past the rules is undone. */
    override buildRoleLinks(): Promise<void> {
      return this.memory.caughtUp();
    }

    override enableAutoSave(autoSave: boolean): void {
      if (!autoSave) throw new UnauditedCallError('enableAutoSave(false)', 'every change is saved when it is made.');
    }

    /** Removes the user's roles and permissions, all of them together. */
    override async deleteUser(user: string): Promise<boolean> {
      return this.removed(() => [rolesOf(user), permissionsOf(user, this.subjectColumn(), 'user')]);
    }

    /** Removes the role from whoever has it (Casbin leaves that), its own roles and its permissions, all of them together. */
    override async deleteRole(role: string): Promise<boolean> {
      const own = { ptype: 'g', values: [role] };
      return this.removed(() => [grantsOf(role), own, permissionsOf(role, this.subjectColumn(), 'role')]);
    }

    override async deleteRolesForUser(user: string, domain?: string): Promise<boolean> {
      return this.removed(() => [rolesOf(user, domain)]);
    }

    override async deletePermission(...permission: string[]): Promise<boolean> {
      return this.removed(() => [holdersOf(permission)]);
    }

    override async deletePermissionsForUser(user: string): Promise<boolean> {
      return this.removed(() => [permissionsOf(user, this.subjectColumn(), 'user')]);
    }

    protected override async addPolicyInternal(section: string, ptype: string, values: string[]): Promise<boolean> {
      return (await this.changes.add(inSection(section, ptype), [values])).length > 0;
    }

    protected override async addPoliciesInternal(section: string, ptype: string, rules: string[][]): Promise<boolean> {
      return this.changes.addAllOrNone(inSection(section, ptype), rules);
    }

    protected override async addPoliciesInternalEx(
      section: string,
      ptype: string,
      rules: string[][],
    ): Promise<boolean> {
      return (await this.changes.add(inSection(section, ptype), rules)).length > 0;
    }

    protected override async updatePolicyInternal(
      section: string,
      ptype: string,
      old: string[],
      renewed: string[],
    ): Promise<boolean> {
      return this.changes.update(inSection(section, ptype), old, renewed);
    }

    protected override async removePolicyInternal(section: string, ptype: string, values: string[]): Promise<boolean> {
      return (await this.changes.remove(inSection(section, ptype), [values])).length > 0;
    }

    protected override async removePoliciesInternal(
      section: string,
      ptype: string,
      rules: string[][],
    ): Promise<boolean> {
      return this.changes.removeAllOrNone(inSection(section, ptype), rules);
    }

    protected override async removeFilteredPolicyInternal(
      section: string,
      ptype: string,
      fieldIndex: number,
      fieldValues: string[],
    ): Promise<boolean> {
      return (await this.changes.removeFiltered(inSection(section, ptype), fieldIndex, fieldValues)).length > 0;
    }

    private async removed(filtersOf: () => readonly RuleFilter[]): Promise<boolean> {
      return (await this.changes.removeAnyOf(filtersOf)).length > 0;
    }

    /** The column of `p` that says whose a rule is; negative if the model does not say. */
    private subjectColumn(): number {
      return this.getFieldIndex('p', 'sub');
    }
  };
}

/** `addNamedPolicy('g', …)` names a policy type that its section does not have. */
function inSection(section: string, ptype: string): string {
  if (sectionOf(ptype) === section) return ptype;
  throw new InvalidInputError('ptype', `must begin with "${section}" in this call; got "${ptype}"`);
}

/** Closes Casbin's ways around the audited path: thrown where Casbin answers at once, rejected where it answers later. */
function refuseUnauditedCalls(enforcer: Enforcer): void {
  for (const [call, remedy] of Object.entries(refusedCalls)) {
    const original: unknown = Reflect.get(enforcer, call);
    const answersLater = original?.constructor.name === 'AsyncFunction';
    const refuse = (): Promise<never> => {
      const refusal = new UnauditedCallError(call, remedy);
      if (answersLater) return Promise.reject(refusal);
      throw refusal;
    };
    Object.defineProperty(enforcer, call, { value: refuse });
  }
}
