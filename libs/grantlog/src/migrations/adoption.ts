import type { QueryRunner } from 'typeorm';
import { uuidV7 } from '../contract/uuid-v7';
import {
  appendFound,
  copies,
  fetchUnrecorded,
  foldRows,
  lockHead,
  openUnrecorded,
  padded,
  trimRows,
} from './adoption.sql';
import { AdoptionProgress, numeral } from './adoption-progress';
import { assertAdoptable } from './adoption-check';
import { createOriginals } from './adoption-tables.sql';
import { addMissingColumns } from './later-columns';
import { buildIndexes } from './rule-indexes';

/** How what is adopted is told in the log. */
export interface AdoptionKeys {
  /** Between namespace and external key. */
  readonly separator: string;
  /** The column that says where a rule holds, by policy type, counted from 0; of `g` it is always the third one. */
  readonly scopeColumns: Readonly<Record<string, number>>;
}

/** What an adoption has done, over all of its attempts. */
export interface AdoptionReport {
  /** Rows whose empty columns became absent ones. */
  readonly trimmed: number;
  /** Rows that said the same as another one. */
  readonly folded: number;
  /** Rules that were recorded as created. */
  readonly recorded: number;
}

/** Why the records of an adoption say that a rule was created. */
export const adoptionReason = 'adopted from casbin_rule';

const rowsAtOnce = 5_000;
/** How many of many are named. */
const mostNamed = 10;

interface Found {
  readonly id: string;
  readonly place: string;
}

/**
 * Takes over the rules that are in the table already: each once, unique, and recorded as created by `system^import`. Every batch is
 * a transaction of its own, and what is done is seen in the table and in the log themselves, so that it can be killed at any point
 * and simply run again. MUST run `alone`.
 */
export class Adoption {
  private readonly progress = new AdoptionProgress();

  constructor(
    private readonly runner: QueryRunner,
    private readonly keys: AdoptionKeys,
  ) {}

  /** @throws InvalidInputError if a row can be no rule; nothing was changed */
  async run(): Promise<AdoptionReport> {
    const start = performance.now();
    await assertAdoptable(this.runner.manager);
    await addMissingColumns(this.runner);
    const rows = await this.begin();
    await this.tidy();
    await buildIndexes(this.runner, this.progress, () => this.tidy());
    await this.record(rows);
    const report = await this.finish();
    const seconds = Math.round((performance.now() - start) / 1000);
    this.progress.say(`casbin_rule is adopted: ${numeral(report.recorded)} rules recorded, after ${seconds} s`);
    return report;
  }

  /** @returns how many rules there are */
  private async begin(): Promise<number> {
    await this.runner.query(
      `INSERT INTO audit_adoption (operation_id) VALUES ($1)
       ON CONFLICT (only_row) DO UPDATE
       SET operation_id = $1, started_at = clock_timestamp(), trimmed = 0, folded = 0, recorded = 0
       WHERE audit_adoption.finished_at IS NOT NULL`,
      [uuidV7()],
    );
    await this.runner.query(createOriginals);
    const [table] = await this.runner.manager.query<{ rows: number }[]>(
      'SELECT count(*)::int AS rows FROM casbin_rule',
    );
    const rows = table?.rows ?? 0;
    this.progress.say(`casbin_rule holds ${numeral(rows)} rules, which are being adopted`);
    return rows;
  }

  private async tidy(): Promise<void> {
    await this.fold();
    while ((await this.batch('trimmed', trimRows, [rowsAtOnce])) > 0);
    const [blanks] = await this.runner.manager.query<{ all: number; ids: string[] }[]>(padded);
    if (!blanks || blanks.all === 0) return;
    this.progress.say(
      `${numeral(blanks.all)} rows have blanks around a value, which typeorm-adapter takes away when it reads them, and Grantlog ` +
        `does not: id ${named(blanks.ids, blanks.all)}`,
    );
  }

  private async fold(): Promise<void> {
    const found = await this.runner.manager.query<{ id: string; first: string }[]>(copies);
    if (found.length === 0) return;
    const some = found.slice(0, mostNamed).map(({ id, first }) => `${id} into ${first}`);
    this.progress.say(
      `${numeral(found.length)} rows say the same as another one and are folded into it; audit_original_rule keeps them: ` +
        `id ${named(some, found.length)}`,
    );
    for (let from = 0; from < found.length; from += rowsAtOnce) {
      const batch = found.slice(from, from + rowsAtOnce);
      await this.batch('folded', foldRows, [batch.map(({ id }) => id), batch.map(({ first }) => first)]);
      this.progress.at(from + batch.length, found.length, 'folded');
    }
  }

  private async record(rows: number): Promise<void> {
    this.progress.say('looking for rules that no record tells of');
    await this.runner.query('SET enable_nestloop = off'); // without statistics PostgreSQL would compare each rule with each record
    await this.runner.query(openUnrecorded);
    await this.runner.query('RESET enable_nestloop');
    let done = 0;
    for (;;) {
      const found = await this.runner.manager.query<Found[]>(fetchUnrecorded(rowsAtOnce));
      if (found.length === 0) break;
      done += await this.append(found);
      this.progress.at(done, rows, 'recorded');
    }
  }

  private append(found: readonly Found[]): Promise<number> {
    const { separator, scopeColumns } = this.keys;
    const rows = [found.map(({ id }) => id), found.map(({ place }) => place)];
    const told = [`system${separator}import`, adoptionReason, JSON.stringify(scopeColumns), separator];
    return this.batch('recorded', appendFound, [...rows, ...told], lockHead);
  }

  /** Does one step and counts what it did, in one transaction. */
  private async batch(
    counter: keyof AdoptionReport,
    statement: string,
    parameters: unknown[],
    first?: string,
  ): Promise<number> {
    return this.runner.manager.transaction(async (manager) => {
      if (first) await manager.query(first);
      const [answer] = await manager.query<{ rows: number }[]>(statement, parameters);
      const rows = answer?.rows ?? 0;
      await manager.query(`UPDATE audit_adoption SET ${counter} = ${counter} + $1`, [rows]);
      return rows;
    });
  }

  private async finish(): Promise<AdoptionReport> {
    const [report] = await this.runner.manager.query<AdoptionReport[]>(
      `WITH finished AS (UPDATE audit_adoption SET finished_at = clock_timestamp() RETURNING *)
       SELECT trimmed::int AS trimmed, folded::int AS folded, recorded::int AS recorded FROM finished`,
    );
    return report ?? { trimmed: 0, folded: 0, recorded: 0 };
  }
}

function named(some: readonly string[], all: number): string {
  return some.join(', ') + (all > some.length ? ` and ${numeral(all - some.length)} more` : '');
}
