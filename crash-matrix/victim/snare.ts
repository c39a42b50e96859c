import type { Client } from 'pg';
import type { Step } from '../cells';
import type { Trap } from '../orders';
import { backendOf, strike, type Target } from './strike';

/** Waits for the step of a trap, and strikes there. */
export class Snare {
  private trap: Trap | undefined;
  private left = 0;

  constructor(
    private readonly target: (client: Client | undefined) => Target,
    private readonly struck: (backends: readonly number[]) => void,
  ) {}

  set(trap: Trap): void {
    this.trap = trap;
    this.left = trap.occurrence;
  }

  /** @param on the connection on which the step happens, if it holds one */
  occurs(step: Step, on?: Client): void {
    const { trap } = this;
    if (trap?.step !== step) return;
    this.left -= 1;
    if (this.left > 0) return;
    this.trap = undefined;
    busyFor(trap.microseconds);
    const target = this.target(on);
    const backends = target.clients.map(backendOf); // before it is forgotten
    strike[trap.fault](target);
    this.struck(backends);
  }
}

/** A timer would let the answer in. */
function busyFor(microseconds: number): void {
  const end = performance.now() + microseconds / 1000;
  while (performance.now() < end);
}
