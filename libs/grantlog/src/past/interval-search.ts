import type { DataSource } from 'typeorm';
import { anyScope, type KeySyntax } from '../contract/namespaced-key';
import { seesEverywhere, type VisibleScopes, visibleSql } from '../contract/visible-scopes';
import { query } from '../database/query';
import { KeyRangeFinder } from '../trail/key-ranges';
import { beginnings, type Lead } from './interval-ranges';
import type { PastFilter } from './past-query';

/** Which intervals of assignments, from the newest beginning on. */
export interface IntervalSearch {
  readonly filter: PastFilter;
  readonly visible: VisibleScopes;
  /** Only what was in force at this seq. */
  readonly aliveAt?: string;
  /** Only what began before this seq. */
  readonly before?: string;
  readonly limit: number;
}

const filters = {
  subject: 'subject',
  scope: 'scope',
  role: 'role',
  scopeNamespace: 'scope_namespace',
} as const;

/** Finds intervals by ranges of indexes alone, on the first page and on the deepest. */
export class IntervalFinder {
  private readonly ranges: KeyRangeFinder;

  constructor(
    private readonly dataSource: DataSource,
    keys: KeySyntax,
  ) {
    this.ranges = new KeyRangeFinder(dataSource, keys);
  }

  /** @param select what to read of `page`, which has `from_seq` and `to_seq`, `subject`, `role` and `scope`; joins may follow */
  async find<Row>(search: IntervalSearch, select: string): Promise<Row[]> {
    const leads = (await this.leadsOf(search)).filter(({ keys }) => keys.length > 0);
    if (leads.length === 0) return [];
    const { text, parameters } = statementOf(search, leads, select);
    return query<Row>(this.dataSource, text, parameters);
  }

  /**
   * The key that tells the most leads. Without one, what somebody may see is looked for where it may lie, unless that is in too many places:
   * then it is met soon.
   */
  private async leadsOf({ filter, visible }: IntervalSearch): Promise<Lead[]> {
    const own = leadOf(filter);
    if (own && (own.column !== 'scope_namespace' || seesEverywhere(visible))) return [own];
    const { scopeNamespace } = filter;
    const places = seesEverywhere(visible) ? undefined : await this.ranges.findPlaces({ scopeNamespace }, visible);
    const everywhere: Lead = { column: 'ptype', keys: ['g'] };
    return places?.map(({ column, keys }) => ({ column, keys })) ?? [own ?? everywhere];
  }
}

/** Everything may lie in the scope `*`, so it is a namespace of its own rather than a scope among many. */
function leadOf({ subject, role, scope, scopeNamespace }: PastFilter): Lead | undefined {
  if (subject !== undefined) return { column: 'subject', keys: [subject] };
  if (scope !== undefined && scope !== anyScope) return { column: 'scope', keys: [scope] };
  if (role !== undefined) return { column: 'role', keys: [role] };
  const namespace = scope ?? scopeNamespace;
  return namespace === undefined ? undefined : { column: 'scope_namespace', keys: [namespace] };
}

/**
 * Where an interval says where, as no index has it: what is visible is asked of what a range finds. The planner would else look for all
 * visible scopes in each range, a thousand times a thousand of them.
 */
const unindexed = { scope: `(scope || '')`, namespace: `(scope_namespace || '')` };

const lastSeq = '9223372036854775806';

function statementOf(
  { filter, visible, aliveAt, before, limit }: IntervalSearch,
  leading: readonly Lead[],
  select: string,
): { text: string; parameters: unknown[] } {
  const parameters: unknown[] = [];
  const parameter = (value: unknown): string => `$${parameters.push(value)}`;
  const bounds = [...(aliveAt === undefined ? [] : [BigInt(aliveAt)]), BigInt(before ?? lastSeq) - 1n];
  const upper = bounds.reduce((least, bound) => (bound < least ? bound : least));
  const conditions: string[] = [];
  for (const [name, column] of Object.entries(filters)) {
    const value = filter[name as keyof typeof filters];
    const leads = leading.length === 1 && leading[0]?.column === column && leading[0].keys[0] === value;
    if (value !== undefined && !leads) conditions.push(`${column} = ${parameter(value)}`);
  }
  const seen = visibleSql(visible, unindexed, parameter);
  if (seen !== undefined) conditions.push(seen);
  const alive = aliveAt === undefined ? undefined : `${parameter(aliveAt)}::bigint`;
  const wanted = leading.map(({ column, keys }) => ({
    column,
    keys: `${parameter(keys)}::text[]`,
    count: keys.length,
  }));
  const found = beginnings(wanted, { conditions, alive, upper: `${parameter(String(upper))}::bigint`, limit });
  const text = `
    WITH ${found},
    page AS MATERIALIZED (
      SELECT from_seq, to_seq, subject, role, scope FROM audit_interval
      WHERE from_seq = ANY (ARRAY(SELECT from_seq FROM found)))
    ${select} ORDER BY page.from_seq DESC`;
  return { text, parameters };
}
