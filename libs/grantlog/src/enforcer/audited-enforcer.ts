import { type Adapter, Enforcer, type Watcher, type WatcherEx } from 'casbin';
import { xidOf } from '../contract/commit-token';
import { InvalidInputError } from '../contract/grantlog.error';
import type { MemorySweep } from '../memory/memory-sweep';
import type { LoadFilter, RulePart } from '../memory/rule-part';
import { sectionOf } from '../rules/rule';
import type { RuleChange } from '../rules/rule-change';
import type { RuleChanges } from '../rules/rule-changes';
import type { RuleFilter } from '../rules/rule-filter';
import { ownBuildOf, prototypesOf } from '../host-enforcer/casbin-classes';
import { DecisionCache } from './decision-cache';
import { takeEveryContext } from './enforce-contexts';
import { openLockOf } from './open-lock';
import { overriddenMethods, refuseFieldsInTheWay } from './lost-overrides';
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

interface Attached extends EnforcerParts {
  readonly decisions: DecisionCache | undefined;
}

/** Fields of audited enforcers; symbols, because the classes that they are made of may have fields of any name. */
const attached = Symbol('attached');
const watching = Symbol('watching');

const made = new WeakMap<EnforcerClass, EnforcerClass<Enforcer & AuditedSeam>>();
/** The prototypes of the classes that were made audited. */
const layers = new WeakSet<object>();

/**
 * The audited class of one of Casbin's enforcer classes; the same one whenever it is asked for, so that `instanceof` works,
 * and for a class of Casbin's the same whether it was imported or required.
 * What AuditedEnforcer promises holds for it.
 * @throws InvalidInputError if the class overrides what the audited one must do otherwise, so that its own would never be called
 */
export function audited<T extends Enforcer>(Base: EnforcerClass<T>): EnforcerClass<T & AuditedSeam> {
  return auditedAs('enforcerClass', Base);
}

/** The same. @param field what errors call the class */
export function auditedAs<T extends Enforcer>(field: string, Base: EnforcerClass<T>): EnforcerClass<T & AuditedSeam> {
  const own = ownBuildOf(Base);
  const known = made.get(own) ?? makeAudited(field, own);
  made.set(own, known);
  return known as EnforcerClass<T & AuditedSeam>;
}

function makeAudited(field: string, Base: EnforcerClass): EnforcerClass<Enforcer & AuditedSeam> {
  const own = [Base.prototype as object, ...prototypesOf(Base.prototype as object)].find((type) => layers.has(type));
  const result = own ? (Base as EnforcerClass<Enforcer & AuditedSeam>) : mixin(Base);
  const layer = own ?? (result.prototype as object);
  const lost = overriddenMethods(Base, layer);
  if (lost.length > 0) {
    throw new InvalidInputError(
      field,
      `${Base.name} overrides ${lost.join(', ')}, which an audited enforcer must do in its own way, so that yours would never be called. ` +
        'Put what it does into a method of another name that calls this one, or around the call',
    );
  }
  layers.add(layer);
  return result;
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
    private [attached]!: Attached;
    private readonly [watching] = new Watchers({
      model: () => this.model,
      catchUp: () => this[attached].memory.caughtUp().catch(() => undefined), // memory goes on trying, and says so
    });

    attach(parts: EnforcerParts): void {
      const { memory, adapter, denyWhenStale } = parts;
      refuseFieldsInTheWay(this);
      this.adapter = adapter;
      refuseUnauditedCalls(this);
      openLockOf(this);
      takeEveryContext(this);
      this[attached] = { ...parts, decisions: DecisionCache.of(this) };
      if (denyWhenStale) denyWhileStale(this, () => memory.isStale);
    }

    async caughtUp(token?: string, { timeout }: CatchUpOptions = {}): Promise<void> {
      await this[attached].memory.caughtUp(token === undefined ? undefined : xidOf(token), timeout);
    }

    memoryChanged(): void {
      this[attached]?.decisions?.memoryChanged();
    }

    tellWatchers(changes?: readonly RuleChange[]): void {
      if (this.autoNotifyWatcher) this[watching].tell(changes);
    }

    /** What the watcher hears from others makes memory look into the table; nodes of Grantlog need no watcher for that. */
    override setWatcher(watcher: Watcher): void {
      this.watcher = watcher;
      this[watching].set(watcher);
    }

    override setWatcherEx(watcher: WatcherEx): void {
      this.watcherEx = watcher;
      this[watching].setEx(watcher);
    }

    /** Reads the whole table again; what is granted before and after stays granted in between. */
    override loadPolicy(): Promise<void> {
      return this[attached].memory.reload(() => undefined);
    }

    /** Reads what matches a filter as typeorm-adapter takes it, in the place of everything else, and follows that part. */
    override async loadFilteredPolicy(filter: LoadFilter): Promise<boolean> {
      const part = this[attached].partOf([filter]);
      await this[attached].memory.reload(() => part);
      return true;
    }

    /** Adds what matches a filter to a filtered policy; a whole one has it already. */
    override async loadIncrementalFilteredPolicy(filter: LoadFilter): Promise<boolean> {
      this[attached].partOf([filter]); // which refuses what is no filter
      await this[attached].memory.reload(() => {
        const { filters } = this[attached].memory;
        return filters.length > 0 ? this[attached].partOf([...filters, filter]) : undefined;
      });
      return true;
    }

    override isFiltered(): boolean {
      return this[attached].memory.isFiltered;
    }

    /** Writes the difference between memory and the table, in one transaction. */
    override async savePolicy(): Promise<boolean> {
      await this[attached].changes.reconcile(this[attached].memory.difference());
      return true;
    }

    /** Links follow the rules by themselves: there is nothing to build, and what was changed past the rules is undone. */
    override buildRoleLinks(): Promise<void> {
      return this[attached].memory.caughtUp();
    }

    override enableAutoSave(autoSave: boolean): void {
      if (!autoSave) throw new UnauditedCallError('enableAutoSave(false)', 'every change is saved when it is made.');
    }

    /** Removes the user's roles and permissions, all of them together. */
    override async deleteUser(user: string): Promise<boolean> {
      return removed(this[attached].changes, () => [rolesOf(user), permissionsOf(user, subjectColumn(this), 'user')]);
    }

    /** Removes the role from whoever has it (Casbin leaves that), its own roles and its permissions, all of them together. */
    override async deleteRole(role: string): Promise<boolean> {
      const own = { ptype: 'g', values: [role] };
      return removed(this[attached].changes, () => [
        grantsOf(role),
        own,
        permissionsOf(role, subjectColumn(this), 'role'),
      ]);
    }

    override async deleteRolesForUser(user: string, domain?: string): Promise<boolean> {
      return removed(this[attached].changes, () => [rolesOf(user, domain)]);
    }

    override async deletePermission(...permission: string[]): Promise<boolean> {
      return removed(this[attached].changes, () => [holdersOf(permission)]);
    }

    override async deletePermissionsForUser(user: string): Promise<boolean> {
      return removed(this[attached].changes, () => [permissionsOf(user, subjectColumn(this), 'user')]);
    }

    protected override async addPolicyInternal(section: string, ptype: string, values: string[]): Promise<boolean> {
      return (await this[attached].changes.add(inSection(section, ptype), [values])).length > 0;
    }

    protected override async addPoliciesInternal(section: string, ptype: string, rules: string[][]): Promise<boolean> {
      return this[attached].changes.addAllOrNone(inSection(section, ptype), rules);
    }

    protected override async addPoliciesInternalEx(
      section: string,
      ptype: string,
      rules: string[][],
    ): Promise<boolean> {
      return (await this[attached].changes.add(inSection(section, ptype), rules)).length > 0;
    }

    protected override async updatePolicyInternal(
      section: string,
      ptype: string,
      old: string[],
      renewed: string[],
    ): Promise<boolean> {
      return this[attached].changes.update(inSection(section, ptype), old, renewed);
    }

    protected override async removePolicyInternal(section: string, ptype: string, values: string[]): Promise<boolean> {
      return (await this[attached].changes.remove(inSection(section, ptype), [values])).length > 0;
    }

    protected override async removePoliciesInternal(
      section: string,
      ptype: string,
      rules: string[][],
    ): Promise<boolean> {
      return this[attached].changes.removeAllOrNone(inSection(section, ptype), rules);
    }

    protected override async removeFilteredPolicyInternal(
      section: string,
      ptype: string,
      fieldIndex: number,
      fieldValues: string[],
    ): Promise<boolean> {
      return (
        (await this[attached].changes.removeFiltered(inSection(section, ptype), fieldIndex, fieldValues)).length > 0
      );
    }
  };
}

async function removed(changes: RuleChanges, filtersOf: () => readonly RuleFilter[]): Promise<boolean> {
  return (await changes.removeAnyOf(filtersOf)).length > 0;
}

/** The column of `p` that says whose a rule is; negative if the model does not say. */
function subjectColumn(enforcer: Enforcer): number {
  return enforcer.getFieldIndex('p', 'sub');
}

/** `addNamedPolicy('g', …)` names a policy type that its section does not have. */
function inSection(section: string, ptype: string): string {
  if (sectionOf(ptype) === section) return ptype;
  throw new InvalidInputError('ptype', `must begin with "${section}" in this call; got "${ptype}"`);
}

/** Closes Casbin's ways around the audited path: thrown where Casbin answers at once, rejected where it answers later. */
function refuseUnauditedCalls(enforcer: Enforcer): void {
  for (const [call, remedy] of Object.entries(refusedCalls)) {
    const casbins: unknown = Reflect.get(Enforcer.prototype, call); // in Casbin's ES modules none is an AsyncFunction
    const answersLater = casbins?.constructor.name === 'AsyncFunction';
    const refuse = (): Promise<never> => {
      const refusal = new UnauditedCallError(call, remedy);
      if (answersLater) return Promise.reject(refusal);
      throw refusal;
    };
    Object.defineProperty(enforcer, call, { value: refuse });
  }
}
