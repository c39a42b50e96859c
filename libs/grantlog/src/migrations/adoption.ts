import type { QueryRunner } from 'typeorm';
import { uuidV7 } from '../contract/uuid-v7';
import { appendFound, closeUnrecorded, fetchUnrecorded, lockHead, openUnrecorded } from './adoption.sql';
import { assertAdoptable } from './adoption-check';
import { AdoptionProgress, counted } from './adoption-progress';
import type { AdoptionReport } from './adoption-report';
import { Batch } from './batch';
import { addMissingColumns } from './later-columns';
import { buildIndexes } from './rule-indexes';
import { Tidying } from './tidying';
import type { Sameness } from './tidying.sql';

/** How what is adopted is told in the log. */
export interface AdoptionKeys {
  /** Between namespace and external key. */
  readonly separator: string;
  /** The column that says where a rule holds, by policy type, counted from 0; of `g` it is always the third one. */
  readonly scopeColumns: Readonly<Record<string, number>>;
}

/** Why the records of an adoption say that a rule was created. */
export const adoptionReason = 'adopted from casbin_rule';

const rowsAtOnce = 5_000;

interface Found {
  readonly id: string;
  readonly place: string;
  /** How many there are. */
  readonly all: number;
}

/**
 * Takes over the rules that are in the table already: each once, unique, and recorded as created by `system^import`. Every batch is
 * a transaction of its own, and what is done is seen in the table and in the log themselves, so that it can be killed at any point
 * and simply run again. MUST run `alone`.
 */
export class Adoption {
  private readonly progress = new AdoptionProgress();
  private readonly batch: Batch;
  private readonly tidying: Tidying;
  private lastId = '0';

  constructor(
    private readonly runner: QueryRunner,
    private readonly keys: AdoptionKeys,
  ) {
    this.batch = new Batch(runner);
    this.tidying = new Tidying(runner, this.progress, this.batch);
  }

  /** @throws InvalidInputError if a row can be no rule; nothing was changed */
  async run(): Promise<AdoptionReport> {
    const start = performance.now();
    const { rows, same } = await this.begin();
    this.progress.say(`adopting casbin_rule, which holds ${counted(rows, 'row')}`);
    await addMissingColumns(this.runner);
    await this.tidying.tidy(same);
    await buildIndexes(this.runner, this.progress, () => this.tidying.tidy(same));
    await this.recordAll();
    const report = await this.finish();
    const seconds = Math.round((performance.now() - start) / 1000);
    this.progress.say(`casbin_rule is adopted: ${counted(report.recorded, 'rule')} recorded, after ${seconds} s`);
    return report;
  }

  /** Looks before it begins. @returns how many rules there are, and which of them count as the same */
  private async begin(): Promise<{ rows: number; same: Sameness }> {
    const { manager } = this.runner;
    const finished = await manager.query<unknown[]>('SELECT 1 FROM audit_adoption WHERE finished_at IS NOT NULL');
    const same = finished.length > 0 ? 'stored' : 'read';
    await assertAdoptable(manager);
    await manager.query(
      `INSERT INTO audit_adoption (operation_id) VALUES ($1)
       ON CONFLICT (only_row) DO UPDATE
       SET operation_id = $1, started_at = clock_timestamp(), trimmed = 0, folded = 0, recorded = 0
       WHERE audit_adoption.finished_at IS NOT NULL`,
      [uuidV7()],
    );
    const [table] = await manager.query<{ rows: number }[]>('SELECT count(*)::int AS rows FROM casbin_rule');
    return { rows: table?.rows ?? 0, same };
  }

  /**
   * Searches until there is nothing left to record, or until an app without Grantlog adds as much during a search as the one before
   * found: it could go on for ever, and what it adds from then on is left to adoptRules.
   */
  private async recordAll(): Promise<void> {
    for (let before = Infinity; ;) {
      await this.noteLastId();
      const { found, recorded } = await this.record();
      const keepsComing = found * 2 > before && recorded === found;
      if (keepsComing) this.progress.say('an app without Grantlog goes on adding rules; adoptRules() takes the rest');
      if (found === 0 || keepsComing) return;
      before = found;
    }
  }

  /** Rules that come later may be missed by the last search. */
  private async noteLastId(): Promise<void> {
    const [last] = await this.runner.manager.query<{ id: string }[]>(
      'SELECT coalesce(max(id), 0)::text AS id FROM casbin_rule',
    );
    this.lastId = last?.id ?? '0';
  }

  /** @returns how many rules it has found that no record tells of, and recorded: those that were changed or locked meanwhile are found again */
  private async record(): Promise<{ found: number; recorded: number }> {
    await this.runner.query('SET enable_nestloop = off'); // without statistics PostgreSQL would compare each rule with each record
    await this.runner.query(openUnrecorded);
    await this.runner.query('RESET enable_nestloop');
    let found = 0;
    let recorded = 0;
    for (;;) {
      const some = await this.runner.manager.query<Found[]>(fetchUnrecorded(rowsAtOnce));
      if (some.length === 0) break;
      found = some[0]?.all ?? 0;
      recorded += await this.append(some);
      this.progress.at(recorded, found, 'recorded');
    }
    await this.runner.query(closeUnrecorded);
    if (found > 0 && recorded === 0) await this.progress.wait(counted(found, 'rule'));
    return { found, recorded };
  }

  private async append(found: readonly Found[]): Promise<number> {
    const { separator, scopeColumns } = this.keys;
    const rows = [found.map(({ id }) => id), found.map(({ place }) => place)];
    const told = [`system${separator}import`, adoptionReason, JSON.stringify(scopeColumns), separator];
    return (await this.batch.run('recorded', appendFound, [...rows, ...told], lockHead)).rows;
  }

  private async finish(): Promise<AdoptionReport> {
    const [report] = await this.runner.manager.query<AdoptionReport[]>(
      `WITH finished AS (
         UPDATE audit_adoption SET finished_at = clock_timestamp(), through_id = $1::bigint RETURNING *)
       SELECT trimmed::int AS trimmed, folded::int AS folded, recorded::int AS recorded FROM finished`,
      [this.lastId],
    );
    return report ?? { trimmed: 0, folded: 0, recorded: 0 };
  }
}
