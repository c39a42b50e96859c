import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * What Grantlog reads of an HTTP request. `ip` is what the framework says it is: Express follows the proxy chain exactly
 * as far as the host's `trust proxy` setting allows.
 */
export interface RequestLike {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly ip?: string;
  readonly user?: unknown;
}

/** What is known about the work under way: the request it serves, and who acts when that is not the request's user. */
export interface RequestContext {
  readonly request?: RequestLike;
  readonly requestId?: string;
  readonly acting?: { readonly actor: string | null; readonly reason?: string };
}

const storage = new AsyncLocalStorage<RequestContext>();

/** The context of the code that is running now; empty outside of any. */
export function currentContext(): RequestContext {
  return storage.getStore() ?? {};
}

/** Runs `work` in `context`; everything it calls or awaits sees that context. */
export function withContext<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work);
}
