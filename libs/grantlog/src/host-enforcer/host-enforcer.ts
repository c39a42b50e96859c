import { type CachedEnforcer, DefaultRoleManager, type Enforcer, type MatchingFunc, type Model } from 'casbin';
import { InvalidInputError } from '../contract/grantlog.error';
import { deepest } from '../policy/link-graph';
import { type AdapterTable, adapterTableOf } from './adapter-table';
import { type EnforcerState, roleManagerStateOf, type RoleManagerState, stateOf } from './casbin-state';
import { leadTo } from './leading-calls';

/** A rule as the host's enforcer holds it. */
export interface HeldRule {
  readonly ptype: string;
  readonly values: readonly string[];
}

/** An enforcer that the host has built, as far as the audited one takes its place. */
export class HostEnforcer {
  private constructor(
    private readonly enforcer: Enforcer,
    private readonly state: EnforcerState,
    readonly model: Model,
    /** Where its adapter keeps the rules, if that is a table of PostgreSQL's; its rules are there then. */
    readonly table: AdapterTable | undefined,
  ) {}

  /** @throws InvalidInputError naming what cannot be taken over; the enforcer is left as it is */
  static of(enforcer: Enforcer): HostEnforcer {
    const state = stateOf(enforcer);
    if ('caughtUp' in enforcer) {
      throw new InvalidInputError('enforcer', 'is an audited one already; give the model or an enforcer of Casbin’s');
    }
    if (!state.model) throw new InvalidInputError('enforcer', 'has no model; make it by newEnforcer(model, adapter)');
    for (const [ptype, manager] of state.rmMap ?? []) {
      if (manager.constructor !== DefaultRoleManager || roleManagerStateOf(manager).maxHierarchyLevel !== deepest) {
        throw new InvalidInputError(
          'enforcer',
          `has a role manager of its own for "${ptype}"; Grantlog has one, which answers as DefaultRoleManager(${deepest}) does. ` +
            'Leave yours out; of what it decides, functions of the model and matching functions can be kept',
        );
      }
    }
    return new HostEnforcer(enforcer, state, state.model, adapterTableOf(state.adapter));
  }

  /** What is matched against the scopes of role assignments, if anything is. */
  get scopeMatching(): MatchingFunc | undefined {
    return this.roleManagers().find(([ptype]) => ptype === 'g')?.[1].domainMatchingFunc;
  }

  /** What its rules came from, for people. */
  get origin(): string {
    const { adapter } = this.state;
    if (!adapter) return 'memory';
    const { filePath } = adapter as { filePath?: unknown };
    const file = typeof filePath === 'string' ? ` ${filePath.split(/[\\/]/).at(-1)}` : '';
    return `${adapter.constructor.name}${file}`;
  }

  /** The rules that it holds in memory. */
  rules(): HeldRule[] {
    const types = ['p', 'g'].flatMap((section) => [...(this.model.model.get(section) ?? [])]);
    return types.flatMap(([ptype, { policy }]) => policy.map((values) => ({ ptype, values })));
  }

  /** Gives another enforcer, of the same class and model, everything else that decisions depend on, and the watchers. */
  async equip(other: Enforcer): Promise<void> {
    const { state } = this;
    const functions = stateOf(other).fm.getFunctions() as Map<string, unknown>;
    for (const [name, fn] of state.fm.getFunctions() as Map<string, unknown>) functions.set(name, fn);
    for (const [ptype, manager] of this.roleManagers()) await match(other, ptype, manager);
    other.setEffector(state.eft);
    other.enableEnforce(state.enabled);
    other.enableAutoNotifyWatcher(state.autoNotifyWatcher);
    other.enableAcceptJsonRequest(state.acceptJsonRequest);
    if (state.fs) other.setFileSystem(state.fs);
    if (state.enableCache !== undefined) (other as CachedEnforcer).setEnableCache(state.enableCache);
    if (state.watcher) other.setWatcher(state.watcher);
    if (state.watcherEx) other.setWatcherEx(state.watcherEx);
  }

  /** From now on whoever still calls the host's enforcer calls the other one. */
  leadTo(other: Enforcer): void {
    leadTo(this.enforcer, other);
  }

  private roleManagers(): [string, RoleManagerState][] {
    return Array.from(this.state.rmMap ?? [], ([ptype, manager]) => [ptype, roleManagerStateOf(manager)]);
  }
}

async function match(enforcer: Enforcer, ptype: string, manager: RoleManagerState): Promise<void> {
  const { matchingFunc, domainMatchingFunc, domainHierarchyManager } = manager;
  if (matchingFunc) await enforcer.addNamedMatchingFunc(ptype, matchingFunc);
  if (domainMatchingFunc) await enforcer.addNamedDomainMatchingFunc(ptype, domainMatchingFunc);
  if (domainHierarchyManager) {
    await (enforcer.getNamedRoleManager(ptype) as DefaultRoleManager | undefined)?.addDomainHierarchy(
      domainHierarchyManager,
    );
  }
}
