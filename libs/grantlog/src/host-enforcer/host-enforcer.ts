import type { CachedEnforcer, DefaultRoleManager, Enforcer, FilteredAdapter, MatchingFunc, Model } from 'casbin';
import { InvalidInputError } from '../contract/grantlog.error';
import { type AdapterTable, adapterTableOf } from './adapter-table';
import { type EnforcerState, roleManagerStateOf, type RoleManagerState, stateOf } from './casbin-state';
import { type HeldRule, HeldRules } from './held-rules';
import { leadTo } from './leading-calls';
import { assertUnpatched } from './patches';
import { shareFields } from './shared-fields';

/** The enforcers that were taken over, each with whether the module that did so still runs. */
const takers = new WeakMap<Enforcer, () => boolean>();

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
    assertUntaken(enforcer);
    assertUnpatched(enforcer);
    assertWhole(state);
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

  /** The rules that it holds in memory now. */
  rules(): HeldRules {
    const types = ['p', 'g'].flatMap((section) => [...(this.model.model.get(section) ?? [])]);
    return new HeldRules(types.flatMap(([ptype, { policy }]) => policy.map((values): HeldRule => ({ ptype, values }))));
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

  /**
   * Nobody else may take it over until then.
   * @param isRunning whether the module that takes it over has not ended
   * @throws InvalidInputError if another one that runs has it
   */
  claim(isRunning: () => boolean): void {
    assertUntaken(this.enforcer);
    takers.set(this.enforcer, isRunning);
  }

  /** From now on whoever still calls the host's enforcer calls the other one, and both have the same fields. */
  leadTo(other: Enforcer): void {
    shareFields(this.enforcer, other);
    leadTo(this.enforcer, other);
  }

  private roleManagers(): [string, RoleManagerState][] {
    return Array.from(this.state.rmMap ?? [], ([ptype, manager]) => [ptype, roleManagerStateOf(manager)]);
  }
}

function assertUntaken(enforcer: Enforcer): void {
  if (!takers.get(enforcer)?.()) return;
  throw new InvalidInputError(
    'enforcer',
    'was given to another GrantlogModule, which runs; its calls can lead to one of them only. Build one for each app, or close the other app first',
  );
}

/** @throws InvalidInputError if it decides by less than all of its rules: what it leaves out would be granted from then on */
function assertWhole({ adapter, autoBuildRoleLinks }: EnforcerState): void {
  if (adapter && 'isFiltered' in adapter && (adapter as FilteredAdapter).isFiltered()) {
    throw new InvalidInputError(
      'enforcer',
      'holds a filtered policy, and the audited one would decide by the whole; load the whole one, by an adapter that has not ' +
        'loaded a filtered one, and call loadFilteredPolicy() on the injected enforcer (AUTHZ_ENFORCER)',
    );
  }
  if (autoBuildRoleLinks) return;
  throw new InvalidInputError(
    'enforcer',
    'has enableAutoBuildRoleLinks(false), so that roles that its rules assign may not hold; here they always do. Leave that out, or ' +
      'call buildRoleLinks() and enableAutoBuildRoleLinks(true) before, and see that it grants what it shall',
  );
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
