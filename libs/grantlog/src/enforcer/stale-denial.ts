import type { Enforcer } from 'casbin';

/** Casbin's calls that decide, and how each says no. `batchEnforce` asks `enforce` for each request. */
const denials = {
  enforce: () => Promise.resolve(false),
  enforceWithMatcher: () => Promise.resolve(false),
  enforceEx: () => Promise.resolve([false, []]),
  enforceExWithMatcher: () => Promise.resolve([false, []]),
  enforceSync: () => false,
  enforceWithSyncCompile: () => false,
  enforceExSync: () => [false, []],
} as const satisfies Partial<Record<keyof Enforcer, () => unknown>>;

/** From now on the enforcer denies every request while memory is stale. */
export function denyWhileStale(enforcer: Enforcer, isStale: () => boolean): void {
  for (const [call, deny] of Object.entries(denials)) {
    const decide = (Reflect.get(enforcer, call) as (...request: unknown[]) => unknown).bind(enforcer);
    const value = (...request: unknown[]): unknown => (isStale() ? deny() : decide(...request));
    Object.defineProperty(enforcer, call, { value, configurable: true, writable: true });
  }
}
