import type { DataSource } from 'typeorm';
import { query } from '../database/query';
import { knownFields, objectOf } from '../contract/known-fields';
import { anyScope, type KeySyntax } from '../contract/namespaced-key';
import { cursorAfter, keyOfCursor } from '../contract/page-cursor';
import { pageLimit } from '../contract/page-limit';
import type { RoleAssignment } from '../contract/role-assignment';
import type { AssignmentFilter, AssignmentPage, AssignmentQuery } from './assignment-query';

/** What a cursor of these pages belongs to. */
const list = 'role-assignments';

interface AssignmentRow extends Required<RoleAssignment> {
  readonly id: string;
}

/** Reads the current assignments from the table: what is committed, whatever this node's memory knows yet. */
export class AssignmentReader {
  constructor(
    private readonly dataSource: DataSource,
    private readonly keys: KeySyntax,
  ) {}

  async page(query: AssignmentQuery): Promise<AssignmentPage> {
    const { limit, cursor, ...filters } = objectOf(query);
    const most = pageLimit(limit);
    const before = cursor === undefined ? undefined : keyOfCursor(cursor, list, filters);
    const rows = await this.read(filters, before, most + 1);
    const items = rows.slice(0, most);
    const last = items.at(-1);
    return {
      items: items.map(({ subject, role, scope }) => ({ subject, role, scope })),
      nextCursor: rows.length > most && last ? cursorAfter(last.id, list, filters) : null,
    };
  }

  async all(filter: AssignmentFilter): Promise<Required<RoleAssignment>[]> {
    const rows = await this.read(filter);
    return rows.map(({ subject, role, scope }) => ({ subject, role, scope }));
  }

  private read(
    filters: Omit<AssignmentQuery, 'limit' | 'cursor'>,
    before?: string,
    limit?: number,
  ): Promise<AssignmentRow[]> {
    const { conditions, parameters } = this.conditions(filters);
    if (before !== undefined) conditions.push(`id < $${parameters.push(before)}::bigint`);
    const most = limit === undefined ? '' : `LIMIT $${parameters.push(limit)}`;
    return query(
      this.dataSource,
      `SELECT id::text AS id, v0 AS subject, v1 AS role, coalesce(v2, '${anyScope}') AS scope
       FROM casbin_rule WHERE ${conditions.join(' AND ')} ORDER BY casbin_rule.id DESC ${most}`,
      parameters,
    );
  }

  private conditions(filters: Omit<AssignmentQuery, 'limit' | 'cursor'>): {
    conditions: string[];
    parameters: unknown[];
  } {
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
    return { conditions, parameters };
  }
}
