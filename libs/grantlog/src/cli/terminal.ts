import type { Writable } from 'node:stream';

/** What surrounds the command line; the tests bring their own. */
export interface Terminal {
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Is aborted when the process is about to end by a signal. What must not stay behind is cleaned up by its listeners, at once. */
  readonly signal: AbortSignal;
}

/** A variable that is set; one that is set to nothing is not. */
export function setting({ env }: Pick<Terminal, 'env'>, name: string): string | undefined {
  return env[name] === '' ? undefined : env[name];
}
