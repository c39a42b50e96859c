import type { DataSource } from 'typeorm';
import { query } from '../database/query';
import { knownFields, objectOf } from '../contract/known-fields';
import { anyScope, type KeySyntax } from '../contract/namespaced-key';
import { cursorAfter, keyOfCursor } from '../contract/page-cursor';
import { pageLimit } from '../contract/page-limit';
import type { RoleAssignment } from '../contract/role-assignment';
import { type ReadOptions, type VisibleScopes, visibleSql } from '../contract/visible-scopes';
import type { AssignmentFilter, AssignmentPage, AssignmentQuery } from './assignment-query';

/** What a cursor of these pages belongs to. */
const list = 'role-assignments';

type Filters = Omit<AssignmentQuery, 'limit' | 'cursor'>;

interface AssignmentRow extends Required<RoleAssignment> {
  readonly id: string;
}

/** Reads the current assignments from the table: what is committed, whatever this node's memory knows yet. */
export class AssignmentReader {
  constructor(
    private readonly dataSource: DataSource,
    private readonly keys: KeySyntax,
  ) {}

  async page(query: AssignmentQuery, { visible = 'all' }: ReadOptions = {}): Promise<AssignmentPage> {
    const { limit, cursor, ...filters } = objectOf(query);
    const most = pageLimit(limit);
    const before = cursor === undefined ? undefined : keyOfCursor(cursor, list, filters);
    const rows = await this.read(filters, visible, before, most + 1);
    const items = rows.slice(0, most);
    const last = items.at(-1);
    return {
      items: items.map(({ subject, role, scope }) => ({ subject, role, scope })),
      nextCursor: rows.length > most && last ? cursorAfter(last.id, list, filters) : null,
    };
  }

  async all(filter: AssignmentFilter, { visible = 'all' }: ReadOptions = {}): Promise<Required<RoleAssignment>[]> {
    const rows = await this.read(filter, visible);
    return rows.map(({ subject, role, scope }) => ({ subject, role, scope }));
  }

  private read(filters: Filters, visible: VisibleScopes, before?: string, limit?: number): Promise<AssignmentRow[]> {
    const { conditions, parameters } = this.conditions(filters, visible);
    if (before !== undefined) conditions.push(`id < $${parameters.push(before)}::bigint`);
    const most = limit === undefined ? '' : `LIMIT $${parameters.push(limit)}`;
    return query(
      this.dataSource,
      `SELECT id::text AS id, v0 AS subject, v1 AS role, coalesce(v2, '${anyScope}') AS scope
       FROM casbin_rule WHERE ${conditions.join(' AND ')} ORDER BY casbin_rule.id DESC ${most}`,
      parameters,
    );
  }

  private conditions(filters: Filters, visible: VisibleScopes): { conditions: string[]; parameters: unknown[] } {
    const { keys } = this;
    knownFields(filters, ['subject', 'role', 'scope', 'scopeNamespace'], '');
    const { subject, role, scope, scopeNamespace } = filters;
    const parameters: unknown[] = [];
    const conditions = [`ptype = 'g'`];
    const given = (value: string): string => `$${parameters.push(value)}::varchar`;
    if (subject !== undefined) conditions.push(`v0 COLLATE "C" = ${given(keys.key(subject, 'subject'))}`);
    if (role !== undefined) conditions.push(`v1 = ${given(keys.key(role, 'role'))}`);
    if (scope !== undefined) conditions.push(`coalesce(v2, '${anyScope}') = ${given(keys.scope(scope, 'scope'))}`);
    if (scopeNamespace !== undefined) {
      const prefix = `${keys.namespace(scopeNamespace, 'scopeNamespace')}${keys.separator}`;
      conditions.push(`(starts_with(v2, ${given(prefix)}) OR coalesce(v2, '${anyScope}') = ${given(scopeNamespace)})`);
    }
    const separator = `'${keys.separator.replaceAll("'", "''")}'`;
    const columns = { scope: 'v2 COLLATE "C"', namespace: `split_part(v2, ${separator}, 1) COLLATE "C"` };
    const seen = visibleSql(visible, columns, (value) => `$${parameters.push(value)}`);
    if (seen !== undefined) conditions.push(seen);
    return { conditions, parameters };
  }
}
