import type { RoleAssignment } from 'grantlog';
import type { EntityManager } from 'typeorm';
import type { TestApp } from './app';
import { reader } from './facts';

const changedMind = new Error('the caller changed its mind');
/** Assignments in one call. */
const batch = 25;

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Open {
  readonly manager: EntityManager;
  /** Events and assignments of this transaction, as far as nothing of it is rolled back. */
  readonly ids: string[];
  readonly assigned: RoleAssignment[];
}

/**
 * A caller whose transactions last from nothing to a second, with its changes spread over them. Each removes what the last
 * one assigned. One in ten is rolled back; half of them have a savepoint, and half of those are rolled back to it.
 */
export class BusyWriter {
  private users = 0;
  private present: readonly RoleAssignment[] = [];

  constructor(
    private readonly app: TestApp,
    private readonly name: string,
    private readonly random: () => number,
  ) {}

  /** @returns the ids of the events that are committed now */
  async transaction(): Promise<readonly string[]> {
    const seconds = this.random();
    try {
      return await this.app.dataSource.transaction(async (manager) => {
        const open: Open = { manager, ids: [], assigned: [] };
        // The length of the transaction, no wait.
        const last = (part: number): Promise<unknown> => manager.query('SELECT pg_sleep($1)', [seconds * part]);
        await this.remove(open);
        await last(0.3);
        await this.assign(open);
        await last(0.4);
        if (this.random() < 0.5) await this.behindSavepoint(open);
        await last(0.3);
        await this.assign(open);
        if (this.random() < 0.1) throw changedMind;
        return this.committed(open);
      });
    } catch (error) {
      if (error === changedMind) return [];
      throw error;
    }
  }

  private async assign({ manager, ids, assigned }: Open): Promise<void> {
    const users = Array.from({ length: batch }, () => reader(`${this.name}-${(this.users += 1)}`));
    const { events } = await this.app.assignments.assign(users, { manager });
    ids.push(...events.map(({ id }) => id));
    assigned.push(...users);
  }

  private async remove({ manager, ids }: Open): Promise<void> {
    if (this.present.length === 0) return;
    const { events } = await this.app.assignments.remove(this.present, { manager });
    ids.push(...events.map(({ id }) => id));
  }

  private async behindSavepoint({ manager, ids, assigned }: Open): Promise<void> {
    const inner: Open = { manager, ids: [], assigned: [] };
    try {
      await manager.transaction(async () => {
        await this.assign(inner);
        if (this.random() < 0.5) throw changedMind;
      });
    } catch (error) {
      if (error === changedMind) return;
      throw error;
    }
    ids.push(...inner.ids);
    assigned.push(...inner.assigned);
  }

  private committed({ ids, assigned }: Open): readonly string[] {
    this.present = assigned;
    return ids;
  }
}
