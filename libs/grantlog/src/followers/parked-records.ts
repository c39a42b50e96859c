import type { DataSource } from 'typeorm';
import { query } from '../database/query';

import { GrantlogError, InvalidInputError } from '../contract/grantlog.error';
import { cursorAfter, keyOfCursor } from '../contract/page-cursor';
import { pageLimit } from '../contract/page-limit';
import { utc } from '../contract/utc';
import { type ReadOptions, type VisibleScopes, visibleSql } from '../contract/visible-scopes';

/** A record that a follower could not take. */
export interface ParkedRecord {
  readonly id: string;
  readonly follower: string;
  readonly seq: string;
  /** Id of the record's event. */
  readonly eventId: string;
  readonly type: string;
  readonly attempts: number;
  readonly lastError: string;
  readonly parkedAt: string;
}

export interface ParkedPage {
  readonly items: readonly ParkedRecord[];
  readonly nextCursor: string | null;
}

/** What a cursor of these pages belongs to. */
const list = 'parked';

const columns = `
  parked.id::text AS id, follower, parked.seq::text AS seq, record.id AS "eventId", type, attempts,
  last_error AS "lastError", ${utc('parked_at')} AS "parkedAt"`;
const from = `FROM audit_parked AS parked JOIN audit_record AS record ON record.seq = parked.seq`;

export class ParkedRecordNotFoundError extends GrantlogError {
  constructor(id: string) {
    super('NOT_FOUND', `There is no parked record ${id}; it may have been delivered meanwhile.`);
  }
}

/** What followers could not take, kept until somebody retries it. */
export class ParkedRecords {
  constructor(private readonly dataSource: DataSource) {}

  /** Parked records, latest first. */
  async page(
    { limit, cursor }: { limit?: number; cursor?: string } = {},
    { visible = 'all' }: ReadOptions = {},
  ): Promise<ParkedPage> {
    const most = pageLimit(limit);
    const before = cursor === undefined ? null : keyOfCursor(cursor, list, {});
    const rows = await this.select('$1::bigint IS NULL OR parked.id < $1', [before], visible, most + 1);
    const items = rows.slice(0, most);
    const last = items.at(-1);
    return { items, nextCursor: rows.length > most && last ? cursorAfter(last.id, list, {}) : null };
  }

  /** @throws ParkedRecordNotFoundError also if it is not visible */
  async get(id: string, { visible = 'all' }: ReadOptions = {}): Promise<ParkedRecord> {
    if (!/^\d{1,18}$/.test(id)) throw new InvalidInputError('id', 'must be the number of a parked record');
    const [row] = await this.select('parked.id = $1', [id], visible, 1);
    if (!row) throw new ParkedRecordNotFoundError(id);
    return row;
  }

  private select(
    condition: string,
    parameters: unknown[],
    visible: VisibleScopes,
    limit: number,
  ): Promise<ParkedRecord[]> {
    const columnsOfScope = { scope: 'record.scope', namespace: 'record.scope_namespace' };
    const seen = visibleSql(visible, columnsOfScope, (value) => `$${parameters.push(value)}`) ?? 'true';
    return query(
      this.dataSource,
      `SELECT ${columns} ${from} WHERE (${condition}) AND ${seen} ORDER BY parked.id DESC LIMIT ${limit}`,
      parameters,
    );
  }

  async taken(id: string): Promise<void> {
    await query(this.dataSource, `DELETE FROM audit_parked WHERE id = $1`, [id]);
  }

  async refusedAgain(id: string, error: string): Promise<void> {
    await query(this.dataSource, `UPDATE audit_parked SET attempts = attempts + 1, last_error = $2 WHERE id = $1`, [
      id,
      error,
    ]);
  }
}
