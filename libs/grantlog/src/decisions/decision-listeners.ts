import type EventEmitter2 from 'eventemitter2';
import { decisionEvent } from './authorization-decision';
import type { DecisionTaker, DecisionTakers } from './decision-feed';

type Listener = (...values: unknown[]) => unknown;

/**
 * The host's listeners for decisions, those with wildcards and of `onAny` included, each a taker of its own: a listener that throws or hangs
 * keeps no other from hearing.
 */
export function listenersOf(emitter: EventEmitter2): DecisionTakers {
  const named = new WeakMap<Listener, DecisionTaker>();
  const any = new WeakMap<Listener, DecisionTaker>();
  const takerOf = (
    known: WeakMap<Listener, DecisionTaker>,
    listener: Listener,
    ...before: unknown[]
  ): DecisionTaker => {
    const taker =
      known.get(listener) ??
      ((decision) => {
        (emitter as { event?: string }).event = decisionEvent; // what listeners of a wildcard read to learn which event it was
        return listener.apply(emitter, [...before, decision]);
      });
    known.set(listener, taker);
    return taker;
  };
  return () => [
    ...(emitter.listeners(decisionEvent) as Listener[]).map((listener) => takerOf(named, listener)),
    ...(emitter.listenersAny() as Listener[]).map((listener) => takerOf(any, listener, decisionEvent)),
  ];
}
