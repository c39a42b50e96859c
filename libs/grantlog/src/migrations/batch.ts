import type { QueryRunner } from 'typeorm';
import type { AdoptionReport } from './adoption-report';

/** What a batch has done. */
export interface BatchAnswer {
  readonly rows: number;
  /** The last id that it has looked at, where it goes by ids; `null` at the end. */
  readonly last?: string | null;
}

/** One step of an adoption, counted in the transaction that does it. */
export class Batch {
  constructor(private readonly runner: QueryRunner) {}

  /** @param first is run before, in the same transaction: what it waits for, the statement then sees */
  run(counter: keyof AdoptionReport, statement: string, parameters: unknown[], first?: string): Promise<BatchAnswer> {
    return this.runner.manager.transaction('READ COMMITTED', async (manager) => {
      if (first) await manager.query(first);
      const [answer] = await manager.query<BatchAnswer[]>(statement, parameters);
      const done = answer ?? { rows: 0 };
      if (done.rows > 0) await manager.query(`UPDATE audit_adoption SET ${counter} = ${counter} + $1`, [done.rows]);
      return done;
    });
  }
}
