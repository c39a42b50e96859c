import type { EnforceContext, Enforcer } from 'casbin';

/** What all of Casbin's calls that decide come down to; its typings keep it private. */
type Decide = (
  asyncCompile: boolean,
  explain: boolean,
  matcher: string,
  context: EnforceContext,
  ...request: unknown[]
) => Generator<unknown, unknown, unknown>;

const fields = ['eType', 'mType', 'pType', 'rType'] as const satisfies (keyof EnforceContext)[];

/**
 * From now on requests may begin with an EnforceContext of either build of Casbin. It knows those of its own by their class;
 * of another one it would make the subject, and decide by the sections that the context was to replace.
 */
export function takeEveryContext(enforcer: Enforcer): void {
  const decide = (Reflect.get(enforcer, 'privateEnforce') as Decide).bind(enforcer);
  const value: Decide = (asyncCompile, explain, matcher, context, ...request) => {
    const [first] = request;
    if (!isContext(first)) return decide(asyncCompile, explain, matcher, context, ...request);
    return decide(asyncCompile, explain, matcher, first, ...request.slice(1));
  };
  Object.defineProperty(enforcer, 'privateEnforce', { value, configurable: true, writable: true });
}

/** Whether a value is a context of either build. A plain object with these fields is a subject with attributes. */
export function isContext(value: unknown): value is EnforceContext {
  if (typeof value !== 'object' || value === null) return false;
  return value.constructor !== Object && Object.keys(value).sort().join() === fields.join();
}
