import type { DataSource, EntityManager } from 'typeorm';
import { InvalidInputError } from '../contract/grantlog.error';

/** Finds the transaction that a call belongs to: the manager it was given, or else the ambient one of the host. */
export class CallerTransaction {
  constructor(
    private readonly dataSource: DataSource,
    private readonly ambient: () => EntityManager | undefined,
  ) {}

  /**
   * The manager to write with, or `undefined` when the call stands alone.
   * @throws InvalidInputError for a manager of another DataSource, or one whose connection has been released
   */
  managerOf(given?: EntityManager): EntityManager | undefined {
    const manager = given ?? this.ambient();
    if (!manager) return undefined;
    if (manager.dataSource !== this.dataSource) {
      throw new InvalidInputError('manager', "must belong to the DataSource that Grantlog uses; it is another one's");
    }
    if (!manager.queryRunner) return undefined;
    if (manager.queryRunner.isReleased) {
      throw new InvalidInputError('manager', 'must be used inside its transaction; that transaction has ended');
    }
    return manager;
  }
}
