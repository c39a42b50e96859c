import type { DataSource, EntitySubscriberInterface, QueryRunner } from 'typeorm';
import type { CommitSignal } from './commit-signal';

const wroteHere = 'grantlog: a rule was changed in this transaction';
const ours = 'grantlog: this transaction is our own';

/**
 * Gives the signal when a caller's transaction that changed a rule has ended. TypeORM also calls the hooks when a savepoint
 * is released or gone back to; only the outermost end leaves no transaction active. They run while the connection is still held
 * and an error in them would look like a failed commit, so they do nothing but signal.
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
    if (endedHere(queryRunner)) this.signal.give(false);
  }

  afterTransactionRollback({ queryRunner }: { queryRunner: QueryRunner }): void {
    if (endedHere(queryRunner)) this.signal.rolledBack();
  }
}

/** Whether the outermost transaction of a connection has ended, in which a rule was changed. */
function endedHere({ data, isTransactionActive }: QueryRunner): boolean {
  if (isTransactionActive || !data[wroteHere]) return false;
  delete data[wroteHere];
  return true;
}
