import type { DataSource, Logger, ObjectLiteral } from 'typeorm';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly PlanNode[];
}

/** What a statement has really done. */
export interface Done {
  /** Pages that it looked at. */
  readonly pages: number;
  /** The most rows that one step of it gave or threw away. */
  readonly rows: number;
  /** Tables that it read from one end to the other. */
  readonly scanned: readonly string[];
  readonly indexes: readonly string[];
}

/** Remembers what a DataSource is asked, and explains it. Give it to the DataSource as its logger. */
export class Plans implements Logger {
  private asked: { sql: string; parameters?: unknown[] | ObjectLiteral }[] = [];

  /** What the statement like `pattern` does that a call sends. */
  async doneBy(dataSource: DataSource, pattern: RegExp, call: () => Promise<unknown>): Promise<Done> {
    this.asked = [];
    await call();
    const { sql, parameters } = this.asked.find((query) => pattern.test(query.sql)) ?? {};
    const [answer]: { 'QUERY PLAN': { Plan: PlanNode }[] }[] = await dataSource.query(
      `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${sql}`,
      parameters,
    );
    const top = answer?.['QUERY PLAN'][0]?.Plan;
    if (!top) throw new Error('There is no plan.');
    const nodes = flat(top);
    return {
      pages: top['Shared Hit Blocks'] + top['Shared Read Blocks'],
      rows: Math.max(...nodes.map(rowsOf)),
      scanned: nodes.flatMap((node) => (node['Node Type'] === 'Seq Scan' ? (node['Relation Name'] ?? '') : [])),
      indexes: [...new Set(nodes.flatMap((node) => node['Index Name'] ?? []))].sort(),
    };
  }

  logQuery(sql: string, parameters?: unknown[] | ObjectLiteral): void {
    this.asked.push({ sql, parameters });
  }

  readonly logQueryError = ignored;
  readonly logQuerySlow = ignored;
  readonly logSchemaBuild = ignored;
  readonly logMigration = ignored;
  readonly log = ignored;
}

const ignored = (): void => undefined;

function flat(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flat)];
}

function rowsOf(node: PlanNode): number {
  return (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
}
