import type { QueryRunner } from 'typeorm';
import { dropAdoptionTables } from './adoption-tables.sql';
import { dropAddedColumns } from './later-columns';
import { dropIndexes } from './rule-indexes';
import { laterColumns, said } from './rule-table.sql';

const same = `(${said('casbin_rule')}) = (${said('original')})`;

/** Empty columns come back to the rows that still say the same. */
const untrim = `
  UPDATE casbin_rule SET ${laterColumns.map((column) => `${column} = original.${column}`).join(', ')}
  FROM audit_original_rule AS original
  WHERE casbin_rule.id = original.id AND ${same}`;

/** Copies come back, unless the rule has been removed since: they would grant again what was revoked. */
const unfold = (columns: string): string => `
  INSERT INTO casbin_rule (${columns}) OVERRIDING SYSTEM VALUE
  SELECT ${columns} FROM audit_original_rule AS original
  WHERE NOT EXISTS (SELECT 1 FROM casbin_rule WHERE casbin_rule.id = original.id)
    AND EXISTS (SELECT 1 FROM casbin_rule WHERE ${same})`;

/** The columns that both tables have and that can be written. */
const writableColumns = `
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS columns FROM pg_attribute
  WHERE attrelid = to_regclass('casbin_rule') AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    AND attname IN (SELECT attname FROM pg_attribute WHERE attrelid = to_regclass('audit_original_rule') AND attnum > 0)`;

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
  const [found] = await runner.manager.query<{ columns: string | null }[]>(writableColumns);
  const columns = found?.columns;
  if (!columns) return;
  await runner.manager.transaction(async (manager) => {
    await manager.query('SET LOCAL enable_nestloop = off'); // PostgreSQL takes the copies for one, and would compare each with all rules
    await manager.query(untrim);
    await manager.query(unfold(columns));
  });
}
