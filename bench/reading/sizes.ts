import { ourMeasure, type Result } from '../result';
import type { LogPair } from './log-pair';

const sizes = `
  SELECT class.relname AS name, pg_relation_size(class.oid) / 1048576.0 AS mb, class.relkind = 'i' AS index
  FROM pg_class AS class LEFT JOIN pg_index ON indexrelid = class.oid
  WHERE coalesce(indrelid, class.oid) = ANY (ARRAY['audit_record', 'audit_interval', 'audit_interval_block', 'openedx_audit']::regclass[])
  ORDER BY coalesce(indrelid, class.oid), class.relkind DESC, class.relname`;

/** Megabytes of each table, without its indexes, and of each index. */
export async function* measureSizes({ client }: LogPair): AsyncIterable<Result> {
  const { rows } = await client.query<{ name: string; mb: string; index: boolean }>(sizes);
  for (const { name, mb, index } of rows) yield ourMeasure(`${index ? 'index' : 'table'} ${name}`, 1, 'MB', Number(mb));
}
