import type { DataSource, EntityManager } from 'typeorm';
import { onIdleConnection } from './idle-connection';

/** Runs `work` in a transaction of our own, and commits it if `work` succeeds. */
export function ownTransaction<T>(
  dataSource: DataSource,
  isolation: 'READ COMMITTED' | 'REPEATABLE READ',
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  return onIdleConnection(dataSource, (_, runner) => runner.manager.transaction(isolation, work));
}
