import { InvalidInputError } from './grantlog.error';

/** Of a call that has changed nothing: whoever waits for it waits for everything that is committed by then. */
const nothing = 'now';

/** Names the transaction of a change, so that any node can wait until its memory shows it. Opaque to callers. */
export function tokenOf(xid: string | undefined): string {
  return xid === undefined ? nothing : `xid:${xid}`;
}

/**
 * The transaction that a token names; `undefined` if it names none.
 * @throws InvalidInputError
 */
export function xidOf(token: string): string | undefined {
  if (token === nothing) return undefined;
  const [, xid] = /^xid:(\d{1,19})$/.exec(token) ?? [];
  if (xid === undefined) throw new InvalidInputError('token', 'must be the token of a change, as assign() answers it');
  return xid;
}
