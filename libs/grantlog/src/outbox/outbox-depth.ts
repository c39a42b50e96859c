import type { DataSource } from 'typeorm';
import { query } from '../database/query';

export interface OutboxDepth {
  /** Events that are committed and not yet recorded. */
  readonly depth: number;
  /** Age of the oldest of them in seconds; `null` when there is none. */
  readonly oldestAgeSeconds: number | null;
}

const measure = `
  SELECT count(*)::int AS depth,
    round(extract(epoch FROM clock_timestamp() - min(occurred_at)), 3)::float8 AS "oldestAgeSeconds"
  FROM audit_outbox`;

export async function outboxDepth(dataSource: DataSource): Promise<OutboxDepth> {
  const [row] = await query<OutboxDepth>(dataSource, measure);
  return row ?? { depth: 0, oldestAgeSeconds: null };
}
