import type { Enforcer } from 'casbin';
import type { Attributor } from '../context/attributor';
import { uuidV7 } from '../contract/uuid-v7';
import { isContext } from '../enforcer/enforce-contexts';
import type { AuthorizationDecision } from './authorization-decision';
import type { DecisionFeed } from './decision-feed';

/** Casbin's calls that decide one request, by what stands before the request. `batchEnforce` calls `enforce` for each. */
const calls = {
  enforce: 0,
  enforceSync: 0,
  enforceEx: 0,
  enforceExSync: 0,
  enforceWithMatcher: 1,
  enforceExWithMatcher: 1,
} as const;

type Ask = (...values: unknown[]) => unknown;

/** Who asked, where and when: taken before the answer is waited for, because afterwards the context may be somebody else's. */
type Circumstances = Pick<AuthorizationDecision, 'occurredAt' | 'actor' | 'requestId'>;

export interface DecisionSampling {
  /** Which share of the decisions is told: above 0, and 1 for all. Each is drawn by itself. */
  readonly sample: number;
  readonly feed: DecisionFeed;
  readonly attributor: Attributor;
}

/**
 * From now on a share of an enforcer's decisions is told to a feed, those that a CachedEnforcer remembers included. A call that fails
 * decides nothing. Of a call that is not drawn nothing is looked at.
 */
export function tellDecisions(enforcer: Enforcer, { sample, feed, attributor }: DecisionSampling): void {
  for (const [call, before] of Object.entries(calls)) {
    const ask = (Reflect.get(enforcer, call) as Ask).bind(enforcer);
    const value: Ask = (...values) => {
      if (Math.random() >= sample) return ask(...values);
      const request = requestIn(values.slice(before)); // Casbin takes a context off the list that it is given
      const circumstances = circumstancesOf(attributor);
      const tell = (answer: unknown): unknown => {
        feed.tell(() => decisionOf(request, answer, circumstances));
        return answer;
      };
      const answer = ask(...values);
      return answer instanceof Promise ? answer.then(tell) : tell(answer);
    };
    Object.defineProperty(enforcer, call, { value, configurable: true, writable: true });
  }
}

function requestIn([first, ...rest]: readonly unknown[]): readonly unknown[] {
  return isContext(first) ? rest : [first, ...rest];
}

function circumstancesOf(attributor: Attributor): Circumstances {
  const { actor, requestId } = attributor.attempted();
  return { occurredAt: new Date().toISOString(), actor, requestId };
}

/** @param answer `[allowed, rule]` of the calls that ask for the rule, unless the enforcer is switched off */
function decisionOf(request: readonly unknown[], answer: unknown, circumstances: Circumstances): AuthorizationDecision {
  const [allowed, rule] = Array.isArray(answer) ? (answer as [unknown, string[]]) : [answer, null];
  const [subject, action, scope] = request.map((value) => (typeof value === 'string' ? value : null));
  return {
    id: uuidV7(),
    ...circumstances,
    subject: subject ?? null,
    action: action ?? null,
    scope: scope ?? null,
    request: request.map(textOf),
    allowed: allowed === true,
    rule: rule && [...rule],
  };
}

/** Nothing of an object is read: it may have getters, or be anything by the time somebody looks. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `(${typeof value})`;
}
