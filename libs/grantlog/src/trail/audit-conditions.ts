import { moment } from '../contract/moment';
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

const equals = { ...leading, operation: 'operation', type: 'type', outcome: 'outcome' } as const;
const startsWith = { subjectPrefix: 'subject', scopePrefix: 'scope' } as const;

/**
 * What a query asks of `audit_record`, as SQL. Where a key leads, the bounds of seq and the order include its column: then
 * only the index on (column, seq) gives that order. With `column = key ORDER BY seq` the planner may walk the primary key
 * backwards instead, through the whole log if the key's records are old.
 */
export class Conditions {
  readonly parameters: unknown[] = [];
  private readonly others: string[] = [];
  private readonly leader: { readonly column: string; readonly key: string } | undefined;
  /** SQL of seqs that every record must lie behind, and of those that it must not lie behind. */
  private readonly lower: string[] = ['0'];
  private readonly upper: string[] = ['9223372036854775807'];

  constructor(filter: AuditFilter) {
    const field = (Object.keys(leading) as (keyof typeof leading)[]).find((name) => filter[name] !== undefined);
    if (field) this.leader = { column: leading[field], key: this.parameter(filter[field]) };
    for (const [name, column] of Object.entries(equals)) {
      const value = filter[name as keyof typeof equals];
      if (value !== undefined && name !== field) this.others.push(`${column} = ${this.parameter(value)}`);
    }
    for (const [name, column] of Object.entries(startsWith)) {
      const value = filter[name as keyof typeof startsWith];
      if (value !== undefined) this.others.push(`${column} LIKE ${this.parameter(`${literally(value)}%`)}`);
    }
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
  get where(): string {
    const [lower, upper] = [`greatest(${this.lower.join(', ')})`, `least(${this.upper.join(', ')})`];
    const { leader } = this;
    const bounds = leader
      ? [
          `${leader.column} IS NOT NULL`, // or the planner does not know that a partial index will do
          `(${leader.column}, audit_record.seq) > (${leader.key}, ${lower})`,
          `(${leader.column}, audit_record.seq) <= (${leader.key}, ${upper})`,
        ]
      : [`audit_record.seq > ${lower}`, `audit_record.seq <= ${upper}`];
    return [...bounds, ...this.others].join(' AND ');
  }

  orderBy(direction: 'ASC' | 'DESC'): string {
    const seq = `audit_record.seq ${direction}`;
    return this.leader ? `${this.leader.column} ${direction}, ${seq}` : seq;
  }

  private parameter(value: unknown): string {
    return `$${this.parameters.push(value)}`;
  }
}

/** Text in which `%`, `_` and `\` stand for themselves in a LIKE pattern. */
function literally(text: string): string {
  return text.replace(/[\\%_]/g, (character) => `\\${character}`);
}
