import { CachedEnforcer, type Enforcer } from 'casbin';
import { isMadeOf } from '../host-enforcer/casbin-classes';

/** What all of Casbin's calls that decide come down to; its typings keep it private. `explain` asks for the rule as well. */
type Decide = (asyncCompile: boolean, explain: boolean, ...request: unknown[]) => Generator<unknown, unknown, unknown>;

/** From now on the enforcer denies every request while memory is stale, also what it remembers to have allowed. */
export function denyWhileStale(enforcer: Enforcer, isStale: () => boolean): void {
  const decide = (Reflect.get(enforcer, 'privateEnforce') as Decide).bind(enforcer);
  replace(enforcer, 'privateEnforce', function* (asyncCompile: boolean, explain: boolean, ...request: unknown[]) {
    if (isStale()) return explain ? [false, []] : false;
    return yield* decide(asyncCompile, explain, ...request);
  });
  if (!isMadeOf(CachedEnforcer, enforcer)) return;
  const remembered = enforcer.enforce.bind(enforcer);
  replace(enforcer, 'enforce', (...request: unknown[]) =>
    isStale() ? Promise.resolve(false) : remembered(...request),
  );
}

function replace(enforcer: Enforcer, method: string, value: unknown): void {
  Object.defineProperty(enforcer, method, { value, configurable: true, writable: true });
}
