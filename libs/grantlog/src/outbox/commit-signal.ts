type CommitListener = (inMemory: boolean) => void;
type RecordListener = (xids: readonly string[]) => void;

/** Tells whoever waits for committed changes, or for records, that there may be some. A hint: the committed rows are the truth. */
export class CommitSignal {
  private readonly commitListeners = new Set<CommitListener>();
  private readonly rollbackListeners = new Set<() => void>();
  private readonly recordListeners = new Set<RecordListener>();

  onCommit(listener: CommitListener): void {
    this.commitListeners.add(listener);
  }

  /** @param listener is told when a caller's transaction that changed a rule has been rolled back */
  onRollback(listener: () => void): void {
    this.rollbackListeners.add(listener);
  }

  /** @param listener is told of the transactions whose events this node has recorded */
  onRecorded(listener: RecordListener): void {
    this.recordListeners.add(listener);
  }

  /** @param inMemory whether this node's memory has been told of the changes already */
  give(inMemory: boolean): void {
    for (const listener of this.commitListeners) listener(inMemory);
  }

  rolledBack(): void {
    for (const listener of this.rollbackListeners) listener();
  }

  recorded(xids: readonly string[]): void {
    for (const listener of this.recordListeners) listener(xids);
  }
}
