import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Adoption, type AdoptionKeys } from './adoption';
import { alone, unhurried } from './alone';
import { assertAdoptable } from './adoption-check';
import { createAdoptionTable } from './adoption-tables.sql';
import { giveBack } from './giving-back';
import { createIndexes } from './rule-indexes';
import { addMissingColumns } from './later-columns';

/**
 * Makes `casbin_rule` unique, and records the rules that it holds already. An empty table is done in the transaction of the
 * migrations. One with rows is adopted beside a running system, in many short transactions: for that the migrations' own one is
 * committed, with what ran before in it, and another begun afterwards (docs/adr/0013). The same goes for the way back.
 */
export function adoptMigration(keys: AdoptionKeys): new () => MigrationInterface {
  return class GrantlogAdopt1764000000001 implements MigrationInterface {
    name = 'GrantlogAdopt1764000000001';

    async up(runner: QueryRunner): Promise<void> {
      await look(runner);
      await runner.query(createAdoptionTable);
      if (await hasWork(runner)) await outsideTransaction(runner, () => alone(runner, () => adoptOnce(runner, keys)));
      else await beginUnique(runner);
    }

    /** Gives the table back as it was. What is in the log stays there. */
    async down(runner: QueryRunner): Promise<void> {
      await outsideTransaction(runner, () => alone(runner, () => giveBack(runner)));
    }
  };
}

/** Rows are looked at however long it takes; for an empty table nothing is set that a pooler's session would keep. */
async function look(runner: QueryRunner): Promise<void> {
  const holdsRules = await answers(runner, 'SELECT EXISTS (SELECT 1 FROM casbin_rule) AS yes');
  await (holdsRules ? unhurried(runner, () => assertAdoptable(runner.manager)) : assertAdoptable(runner.manager));
}

/** An empty table is unique from the start, and there is nothing to record. */
async function beginUnique(runner: QueryRunner): Promise<void> {
  await addMissingColumns(runner);
  await createIndexes(runner);
  await runner.query(
    `INSERT INTO audit_adoption (operation_id, finished_at) VALUES (gen_random_uuid(), clock_timestamp())
     ON CONFLICT DO NOTHING`,
  );
}

async function outsideTransaction(runner: QueryRunner, work: () => Promise<unknown>): Promise<void> {
  const inside = runner.isTransactionActive;
  if (inside) await runner.commitTransaction();
  await work();
  if (inside) await runner.startTransaction();
}

/** Rules that are to be adopted, or an adoption that was cut off and may have left an index half built. */
const hasWork = (runner: QueryRunner): Promise<boolean> =>
  answers(
    runner,
    `SELECT EXISTS (SELECT 1 FROM casbin_rule)
       OR EXISTS (SELECT 1 FROM audit_adoption WHERE finished_at IS NULL) AS yes`,
  );

/** Another session may have done it while this one waited. */
async function adoptOnce(runner: QueryRunner, keys: AdoptionKeys): Promise<void> {
  const isDone = 'SELECT EXISTS (SELECT 1 FROM audit_adoption WHERE finished_at IS NOT NULL) AS yes';
  if (!(await answers(runner, isDone))) await new Adoption(runner, keys).run();
}

async function answers(runner: QueryRunner, question: string): Promise<boolean> {
  const [answer] = await runner.manager.query<{ yes: boolean }[]>(question);
  return answer?.yes === true;
}
