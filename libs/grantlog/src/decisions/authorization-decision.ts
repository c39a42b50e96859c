/** The name under which decisions are told to listeners of the host. */
export const decisionEvent = 'authorization.decided';

/**
 * What the enforcer has decided, told to listeners as `authorization.decided` (option `decisions`). It is no audit event: nothing is
 * written, and a decision that nobody takes in time is gone.
 */
export interface AuthorizationDecision {
  /** UUID v7 (RFC 9562). */
  readonly id: string;
  /** Moment of the call, ISO 8601 in UTC with milliseconds. */
  readonly occurredAt: string;
  /** Who acts in the request in which it was asked; `null` if nobody is known. It need not be the subject. */
  readonly actor: string | null;
  /** The first three values of the request; `null` where one is left out or is no text. */
  readonly subject: string | null;
  readonly action: string | null;
  readonly scope: string | null;
  /** All values of the request. Of what is no text, number or boolean, only that it is an object is told. */
  readonly request: readonly string[];
  readonly allowed: boolean;
  /** The `p` rule that decided, `[]` if none did; `null` if the call did not ask for it, as `enforce()` does not. */
  readonly rule: readonly string[] | null;
  readonly requestId: string | null;
}
