import type { DataSource, EntitySubscriberInterface, QueryRunner } from 'typeorm';
import type { CommitSignal } from './commit-signal';

const wroteHere = 'grantlog: a rule was changed in this transaction';
const ours = 'grantlog: this transaction is our own';

/**
 * Gives the signal when a caller's transaction that changed a rule has ended. TypeORM also calls the hook when a savepoint
 * is released; only the outermost commit leaves no transaction active. The hook runs while the connection is still held
 * and an error in it would look like a failed commit, so it does nothing but signal.
 */
export class CommitHints implements EntitySubscriberInterface {
  constructor(private readonly signal: CommitSignal) {}

  static mark(runner: QueryRunner): void {
    if (!runner.data[ours]) runner.data[wroteHere] = true;
  }

  /** Whoever uses this connection gives the signal by himself. */
  static pass(runner: QueryRunner): void {
    runner.data[ours] = true;
  }

  install(dataSource: DataSource): void {
    dataSource.subscribers.push(this);
  }

  uninstall(dataSource: DataSource): void {
    const at = dataSource.subscribers.indexOf(this);
    if (at >= 0) dataSource.subscribers.splice(at, 1);
  }

  afterTransactionCommit({ queryRunner }: { queryRunner: QueryRunner }): void {
    if (queryRunner.isTransactionActive || !queryRunner.data[wroteHere]) return;
    delete queryRunner.data[wroteHere];
    this.signal.give(false);
  }
}
