import type { QueryRunner } from 'typeorm';
import { dropAdoptionTables, sharedColumns } from './adoption-tables.sql';
import { dropAddedColumns } from './later-columns';
import { dropIndexes } from './rule-indexes';
import { laterColumns, valuesRead } from './rule-table.sql';

const read = (row: string): string => `${row}.ptype COLLATE "C", ${valuesRead(row)}`;
const same = `(${read('casbin_rule')}) = (${read('original')})`;

/** Gaps come back to the rows that still say the same. */
const openGaps = `
  UPDATE casbin_rule SET ${laterColumns.map((column) => `${column} = original.${column}`).join(', ')}
  FROM audit_original_rule AS original
  WHERE casbin_rule.id = original.id AND original.folded_into IS NULL AND ${same}`;

/** Copies come back, unless the rule has been removed since: they would grant again what was revoked. */
const unfold = (columns: string): string => `
  INSERT INTO casbin_rule (${columns}) OVERRIDING SYSTEM VALUE
  SELECT ${columns} FROM (
    SELECT DISTINCT ON (id) * FROM audit_original_rule WHERE folded_into IS NOT NULL ORDER BY id) AS original
  WHERE NOT EXISTS (SELECT 1 FROM casbin_rule WHERE casbin_rule.id = original.id)
    AND EXISTS (SELECT 1 FROM casbin_rule WHERE ${same})`;

/**
 * Gives the table back as it was before it was adopted. It can be killed at any point and simply run again. MUST run `alone`.
 */
export async function giveBack(runner: QueryRunner): Promise<void> {
  await dropIndexes(runner);
  await giveRowsBack(runner);
  await dropAddedColumns(runner);
  await runner.query(dropAdoptionTables);
}

async function giveRowsBack(runner: QueryRunner): Promise<void> {
  const [shared] = await runner.manager.query<{ written: string | null }[]>(sharedColumns);
  const columns = shared?.written;
  if (!columns) return;
  await runner.manager.transaction('READ COMMITTED', async (manager) => {
    await manager.query('SET LOCAL enable_nestloop = off'); // PostgreSQL takes the copies for one, and would compare each with all rules
    await manager.query(openGaps);
    await manager.query(unfold(columns));
  });
}
