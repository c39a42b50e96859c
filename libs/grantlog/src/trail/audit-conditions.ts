import { moment } from '../contract/moment';
import { type VisibleScopes, visibleSql } from '../contract/visible-scopes';
import type { AuditFilter } from './audit-query';

/** Fields that are a column with an index ending in seq; the first one that a filter names leads, being the most telling. */
const leading = {
  operationId: 'operation_id',
  requestId: 'request_id',
  subject: 'subject',
  scope: 'scope',
  actor: 'actor',
  role: 'role',
  scopeNamespace: 'scope_namespace',
} as const;
export type LeadingField = keyof typeof leading;

const equals = { ...leading, operation: 'operation', type: 'type', outcome: 'outcome' } as const;
const startsWith = { subjectPrefix: 'subject', scopePrefix: 'scope' } as const;

/** Where a record says where. */
export const recordScope = { scope: 'scope', namespace: 'scope_namespace' } as const;

export type Direction = 'ASC' | 'DESC';

/** The column of an index ending in seq, and SQL of the key in it. */
export interface Leader {
  readonly column: string;
  readonly key: string;
}

/** Every seq lies behind the lower one, and not behind the upper one. SQL. */
export interface Bounds {
  readonly lower: string;
  readonly upper: string;
}

/** The field whose index leads to what a filter asks for; `undefined` if it names none. */
export function leadingField(filter: AuditFilter): LeadingField | undefined {
  return (Object.keys(leading) as LeadingField[]).find((name) => filter[name] !== undefined);
}

/**
 * What a query asks of `audit_record`, as SQL. Where a key leads, the bounds of seq and the order include its column: then
 * only the index on (column, seq) gives that order. With `column = key ORDER BY seq` the planner may walk the primary key
 * backwards instead, through the whole log if the key's records are old.
 */
export class Conditions {
  readonly parameters: unknown[] = [];
  private readonly others: string[] = [];
  private readonly leader: Leader | undefined;
  /** SQL of seqs that every record must lie behind, and of those that it must not lie behind. */
  private readonly lower: string[] = ['0'];
  private readonly upper: string[] = ['9223372036854775807'];

  constructor(filter: AuditFilter, visible: VisibleScopes) {
    const field = leadingField(filter);
    if (field) this.leader = { column: leading[field], key: hidden(this.parameter(filter[field]), field) };
    for (const [name, column] of Object.entries(equals)) {
      const value = filter[name as keyof typeof equals];
      if (value !== undefined && name !== field) this.others.push(`${column} = ${this.parameter(value)}`);
    }
    for (const [name, column] of Object.entries(startsWith)) {
      const value = filter[name as keyof typeof startsWith];
      if (value !== undefined) this.others.push(`${column} LIKE ${this.parameter(`${literally(value)}%`)}`);
    }
    const seen = visibleSql(visible, recordScope, (value) => this.parameter(value));
    if (seen !== undefined) this.others.push(seen);
    if (filter.from !== undefined) this.lower.push(`audit_seq_at(${this.parameter(moment(filter.from, 'from'))}) - 1`);
    if (filter.to !== undefined) this.upper.push(`audit_seq_at(${this.parameter(moment(filter.to, 'to'))}) - 1`);
  }

  /** Only records after a seq. */
  after(seq: string): this {
    this.lower.push(`${this.parameter(seq)}::bigint`);
    return this;
  }

  /** Only records up to a seq, and that one. */
  through(seq: string): this {
    this.upper.push(`${this.parameter(seq)}::bigint`);
    return this;
  }

  /** Only records before a seq. */
  before(seq: string): this {
    this.upper.push(`${this.parameter(seq)}::bigint - 1`);
    return this;
  }

  /** One bound below and one above, whatever they are made of: of several a btree would use only one to find its place. */
  get bounds(): Bounds {
    return { lower: `greatest(${this.lower.join(', ')})`, upper: `least(${this.upper.join(', ')})` };
  }

  get where(): string {
    return `${this.range()} AND ${this.rest()}`;
  }

  /**
   * The range of an index in which all of it lies.
   * @param leader instead of the one that the filter names
   */
  range({ lower, upper }: Bounds = this.bounds, leader = this.leader): string {
    if (!leader) return `audit_record.seq > ${lower} AND audit_record.seq <= ${upper}`;
    return `${indexed(leader)} AND (${leader.column}, audit_record.seq) > (${leader.key}, ${lower})
      AND (${leader.column}, audit_record.seq) <= (${leader.key}, ${upper})`;
  }

  /** What is asked of the records in the range. */
  rest(leader = this.leader): string {
    const own = this.leader && this.leader !== leader ? [`${this.leader.column} = ${this.leader.key}`] : [];
    return [...own, ...this.others].join(' AND ') || 'true';
  }

  orderBy(direction: Direction, leader = this.leader): string {
    const seq = `audit_record.seq ${direction}`;
    return leader ? `${leader.column} ${direction}, ${seq}` : seq;
  }

  parameter(value: unknown): string {
    return `$${this.parameters.push(value)}`;
  }
}

/** What the planner must be told, or it does not know that a partial index will do. */
function indexed({ column }: Leader): string {
  return column === 'outcome' ? `outcome <> 'success'` : `${column} IS NOT NULL`;
}

/**
 * The key, out of the planner's sight. It takes the two bounds of a range for independent: for a key that comes last in its column it
 * expects next to nothing between them, and would read and sort the whole range instead of walking along the index.
 */
function hidden(key: string, field: LeadingField): string {
  return `(SELECT ${key}::${field === 'operationId' ? 'uuid' : 'text'})`;
}

/** Text in which `%`, `_` and `\` stand for themselves in a LIKE pattern. */
function literally(text: string): string {
  return text.replace(/[\\%_]/g, (character) => `\\${character}`);
}
