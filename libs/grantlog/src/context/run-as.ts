import { KeySyntax } from '../contract/namespaced-key';
import { currentContext, withContext } from './request-context';

export interface RunAsOptions {
  /** Reason of every change made inside that gives none itself. Default: none. */
  readonly reason?: string;
  /** Separator of namespaced keys, where the host has configured another. Default: `^`. */
  readonly separator?: string;
}

/**
 * Runs `work` as `actor`: for jobs, command lines and message consumers, where no request says who acts. Inside a request
 * it takes precedence over the request's user; request id and address stay.
 *
 * @param actor namespaced key of an id, such as `system^nightly-sync` or `service^billing`
 * @returns what `work` returns
 * @throws InvalidInputError if `actor` is not a namespaced key
 */
export function runAs<T>(actor: string, work: () => T, options: RunAsOptions = {}): T {
  const key = new KeySyntax(options.separator).key(actor, 'actor');
  return withContext({ ...currentContext(), acting: { actor: key, reason: options.reason } }, work);
}
