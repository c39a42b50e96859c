import { InvalidInputError } from './grantlog.error';

/** Names the transaction of a change, so that any node can wait until its memory shows it. Opaque to callers. */
export function tokenOf(xid: string): string {
  return `xid:${xid}`;
}

/**
 * The transaction that a token names.
 * @throws InvalidInputError
 */
export function xidOf(token: string): string {
  const [, xid] = /^xid:(\d{1,19})$/.exec(token) ?? [];
  if (xid === undefined) throw new InvalidInputError('token', 'must be the token of a change, as assign() answers it');
  return xid;
}
