/** SQL that tells a server from the one that takes its place, and costs nothing: when it was started. */
export const thisServer = 'extract(epoch FROM pg_postmaster_start_time())::text';

/**
 * A point in the history of the database: the `pg_snapshot` of a statement, `xmin:xmax:xip,…`. A transaction is seen from
 * there if it had committed when the snapshot was taken (PostgreSQL manual, "Transaction ID and Snapshot Information
 * Functions").
 */
export class Position {
  private readonly xmin: bigint;
  private readonly xmax: bigint;
  private readonly inProgress: ReadonlySet<string>;

  /**
   * @param head the last `seq` of the log, as seen from here
   * @param server which server told it. Ids of transactions mean others on another one, and on one that was promoted in its place
   */
  constructor(
    readonly snapshot: string,
    readonly head: string,
    readonly server = '',
  ) {
    const [xmin = '', xmax = '', inProgress = ''] = snapshot.split(':');
    this.xmin = BigInt(xmin);
    this.xmax = BigInt(xmax);
    this.inProgress = new Set(inProgress.split(','));
  }

  /** What cannot be seen from here: transactions from an id on, and those that were running. */
  get beyond(): { readonly first: string; readonly running: readonly string[] } {
    return { first: String(this.xmax), running: [...this.inProgress].filter((xid) => xid !== '') };
  }

  /** Whether a transaction has ended as seen from here; if it is known to have committed, it is part of what was read. */
  sees(xid: string): boolean {
    const id = BigInt(xid);
    return id < this.xmin || (id < this.xmax && !this.inProgress.has(xid));
  }

  /** Whether every transaction that can be seen from another position can be seen from here. */
  seesAllOf(other: Position | undefined): boolean {
    if (!other) return true;
    if (this.xmax < other.xmax) return false;
    return [...this.inProgress].every((xid) => xid === '' || !other.sees(xid));
  }
}
