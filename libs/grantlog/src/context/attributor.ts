import type { Attribution } from '../contract/attribution';
import { GrantlogError, InvalidInputError } from '../contract/grantlog.error';
import type { KeySyntax } from '../contract/namespaced-key';
import { uuidV7 } from '../contract/uuid-v7';
import { storableText } from '../contract/storable-text';
import { currentContext, type RequestContext, type RequestLike } from './request-context';

const longestReason = 2_000;
const longestUserAgent = 512;
// A reason is prose: line breaks and tabs are part of it, other control characters are not.
const unprintable = /[^\P{Cc}\n\r\t]/u;
const everyUnprintable = new RegExp(unprintable, 'gu');

/** Thrown when nobody is known to act and the option `onMissingActor` is `'reject'`. Nothing was changed. */
export class MissingActorError extends GrantlogError {
  constructor() {
    super(
      'MISSING_ACTOR',
      'Nobody is known to make this change. Make it inside a request with a signed-in user or inside runAs(actor, …), ' +
        "or set the option onMissingActor to 'system'.",
    );
  }
}

export interface AttributorOptions {
  readonly keys: KeySyntax;
  readonly actor: (request: RequestLike) => string | null | undefined;
  readonly onMissingActor: 'system' | 'reject';
}

/** Answers, at the moment of a call, who makes it, from where and why. */
export class Attributor {
  constructor(private readonly options: AttributorOptions) {}

  /**
   * MUST be called before the call's first `await`: after it the context may belong to somebody else's work.
   * @throws InvalidInputError if the reason or the resolved actor is malformed
   * @throws MissingActorError
   */
  attribute(reason?: string): Attribution {
    const context = currentContext();
    return attributionIn(context, this.actor(context), checkedReason(reason ?? context.acting?.reason));
  }

  /** Who reads; `null` if nobody is known, whatever the option `onMissingActor` says of changes. @throws InvalidInputError */
  viewer(): string | null {
    return this.known(currentContext());
  }

  /**
   * The same for an attempt, which may be refused for the very actor or reason: then there is no actor, or as much of the reason
   * as can be stored. Never throws.
   */
  attempted(reason?: unknown): Attribution {
    const context = currentContext();
    return attributionIn(context, this.actorIfKnown(context), storableReason(reason ?? context.acting?.reason));
  }

  private actorIfKnown(context: RequestContext): string | null {
    try {
      return this.actor(context);
    } catch {
      return null; // whoever makes the call is told, and so is the record of the attempt
    }
  }

  private actor(context: RequestContext): string | null {
    const actor = this.known(context);
    if (actor === null && this.options.onMissingActor === 'reject') throw new MissingActorError();
    return actor;
  }

  private known({ request, acting }: RequestContext): string | null {
    const actor = acting ? acting.actor : request && this.options.actor(request);
    return actor === null || actor === undefined ? null : this.options.keys.key(actor, 'actor');
  }
}

function attributionIn(
  { request, requestId }: RequestContext,
  actor: string | null,
  reason: string | null,
): Attribution {
  return {
    actor,
    reason,
    operationId: uuidV7(),
    requestId: requestId ?? null,
    sourceIp: request?.ip ?? null,
    userAgent: userAgentOf(request),
  };
}

function storableReason(reason: unknown): string | null {
  return storableText(reason, longestReason, everyUnprintable) || null;
}

function checkedReason(reason: unknown): string | null {
  if (reason === undefined || reason === null) return null;
  if (typeof reason !== 'string') throw new InvalidInputError('reason', `must be text; got a ${typeof reason}`);
  if (reason.length > longestReason) {
    throw new InvalidInputError('reason', `must have at most ${longestReason} characters; got ${reason.length}`);
  }
  if (unprintable.test(reason) || !reason.isWellFormed()) {
    throw new InvalidInputError('reason', 'must not contain control characters other than tabs and line breaks');
  }
  return reason === '' ? null : reason;
}

function userAgentOf(request?: RequestLike): string | null {
  const header = request?.headers['user-agent'];
  if (typeof header !== 'string') return null;
  return header.slice(0, longestUserAgent).toWellFormed();
}
