import type { Adapter, Effector, Enforcer, FunctionMap, MatchingFunc, Model, RoleManager } from 'casbin';
import type { FileSystem, Watcher, WatcherEx } from 'casbin';

/** The fields of an enforcer that Casbin's typings keep protected. Read directly: the methods may lead elsewhere by now. */
export interface EnforcerState {
  readonly model: Model | undefined;
  readonly adapter: Adapter | undefined;
  readonly fm: FunctionMap;
  readonly eft: Effector;
  readonly rmMap: ReadonlyMap<string, RoleManager> | undefined;
  readonly watcher: Watcher | null;
  readonly watcherEx: WatcherEx | null;
  readonly enabled: boolean;
  readonly autoBuildRoleLinks: boolean;
  readonly autoNotifyWatcher: boolean;
  readonly acceptJsonRequest: boolean;
  readonly fs: FileSystem | undefined;
  /** Of a CachedEnforcer. */
  readonly enableCache?: boolean;
}

export function stateOf(enforcer: Enforcer): EnforcerState {
  return enforcer as unknown as EnforcerState;
}

/** The fields of a DefaultRoleManager that Casbin's typings keep private. */
export interface RoleManagerState {
  readonly maxHierarchyLevel: number;
  readonly matchingFunc?: MatchingFunc;
  readonly domainMatchingFunc?: MatchingFunc;
  readonly domainHierarchyManager?: RoleManager;
}

export function roleManagerStateOf(manager: RoleManager): RoleManagerState {
  return manager as unknown as RoleManagerState;
}
