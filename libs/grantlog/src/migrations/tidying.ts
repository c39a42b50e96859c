import type { QueryRunner } from 'typeorm';
import { InvalidInputError } from '../contract/grantlog.error';
import { type AdoptionProgress, counted, named } from './adoption-progress';
import { createOriginals, missingInOriginals, sharedColumns } from './adoption-tables.sql';
import type { Batch } from './batch';
import { closeGaps, copies, countGapped, foldRows, padded, reopened, type Sameness } from './tidying.sql';

const rowsAtOnce = 5_000;
/** How many of many are named. */
const mostNamed = 10;

interface Copy {
  readonly id: string;
  readonly first: string;
}

/**
 * Makes the table say each rule once, as typeorm-adapter reads it, and keeps what it changes. Rows that somebody has locked are waited
 * for without holding others.
 */
export class Tidying {
  constructor(
    private readonly runner: QueryRunner,
    private readonly progress: AdoptionProgress,
    private readonly batch: Batch,
  ) {}

  /** @param same `'stored'` once the app runs: its memory has rows as they are stored, and must not have them change unheard */
  async tidy(same: Sameness): Promise<void> {
    const columns = await this.openOriginals();
    await this.fold(same, columns);
    if (same === 'stored') return;
    await this.close(columns);
    await this.namePadded();
  }

  /** @returns the columns in which it keeps rows */
  private async openOriginals(): Promise<string> {
    const { manager } = this.runner;
    await manager.query(createOriginals);
    const missing = await manager.query<{ statement: string }[]>(missingInOriginals);
    for (const { statement } of missing) await manager.query(statement);
    const [shared] = await manager.query<{ all: string }[]>(sharedColumns);
    return shared?.all ?? 'id';
  }

  private async fold(same: Sameness, columns: string): Promise<void> {
    for (let isFirst = true; ; isFirst = false) {
      const found = await this.runner.manager.query<Copy[]>(copies(same));
      if (found.length === 0) return;
      if (isFirst) this.nameCopies(found);
      let done = 0;
      for (let from = 0; from < found.length; from += rowsAtOnce) {
        const some = found.slice(from, from + rowsAtOnce);
        const pairs = [some.map(({ id }) => id), some.map(({ first }) => first)];
        done += (await this.batch.run('folded', foldRows(same, columns), pairs)).rows;
        this.progress.at(from + some.length, found.length, 'folded');
      }
      if (done === 0) await this.progress.wait(`copies (id ${namesOf(found)})`);
    }
  }

  private async close(columns: string): Promise<void> {
    const { manager } = this.runner;
    for (;;) {
      const [gapped] = await manager.query<{ rows: number }[]>(countGapped);
      if (!gapped || gapped.rows === 0) return;
      await this.refuseReopened();
      if ((await this.closeAll(columns, gapped.rows)) === 0) await this.progress.wait('rows with empty columns');
    }
  }

  private async closeAll(columns: string, all: number): Promise<number> {
    let done = 0;
    for (let last: string | null = '-9223372036854775808'; last !== null;) {
      const answer = await this.batch.run('trimmed', closeGaps(columns), [rowsAtOnce, last]);
      done += answer.rows;
      last = answer.last ?? null;
      this.progress.at(done, all, 'closed up');
    }
    return done;
  }

  /** It would be done again and again. */
  private async refuseReopened(): Promise<void> {
    const rows = await this.runner.manager.query<{ id: string }[]>(reopened);
    if (rows.length === 0) return;
    throw new InvalidInputError(
      'casbin_rule',
      `has a trigger that fills empty columns again (id ${rows.map(({ id }) => id).join(', ')}); drop it and run the migration again`,
    );
  }

  private nameCopies(found: readonly Copy[]): void {
    this.progress.say(
      `folding ${counted(found.length, 'row')} into others that say the same; audit_original_rule keeps them: id ${namesOf(found)}`,
    );
  }

  private async namePadded(): Promise<void> {
    const [blanks] = await this.runner.manager.query<{ all: number; ids: string[] }[]>(padded);
    if (!blanks || blanks.all === 0) return;
    this.progress.say(
      `there are blanks around values in ${counted(blanks.all, 'row')}, which typeorm-adapter takes away when it reads them, and ` +
        `Grantlog does not: id ${named(blanks.ids, blanks.all)}`,
    );
  }
}

function namesOf(found: readonly Copy[]): string {
  const some = found.slice(0, mostNamed).map(({ id, first }) => `${id} into ${first}`);
  return named(some, found.length);
}
