import type { Enforcer } from 'casbin';
import type { Assignment } from './assignments';

/** Changes roles, in one way or another. Every change MUST answer whether it changed everything that it was asked to. */
export interface RoleSide {
  readonly enforcer: Enforcer;
  assign(assignment: Assignment): Promise<boolean>;
  remove(assignment: Assignment): Promise<boolean>;
  assignAll(assignments: readonly Assignment[]): Promise<boolean>;
  removeAll(assignments: readonly Assignment[]): Promise<boolean>;
  addPolicies(rules: string[][]): Promise<boolean>;
  /** Resolves when all that was asked for is done, what happens behind the answers included. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** A change that did nothing would be measured as a fast one. */
export async function mustChange(change: Promise<boolean>): Promise<void> {
  if (!(await change)) throw new Error('a change has changed nothing, so its time means nothing');
}
