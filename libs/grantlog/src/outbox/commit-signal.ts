type CommitListener = (inMemory: boolean) => void;
type RecordListener = (xids: readonly string[]) => void;

/** Tells whoever waits for committed changes, or for records, that there may be some. A hint: the committed rows are the truth. */
export class CommitSignal {
  private readonly commitListeners = new Set<CommitListener>();
  private readonly recordListeners = new Set<RecordListener>();

  onCommit(listener: CommitListener): void {
    this.commitListeners.add(listener);
  }

  /** @param listener is told of the transactions whose events this node has recorded */
  onRecorded(listener: RecordListener): void {
    this.recordListeners.add(listener);
  }

  /** @param inMemory whether this node's memory has been told of the changes already */
  give(inMemory: boolean): void {
    for (const listener of this.commitListeners) listener(inMemory);
  }

  recorded(xids: readonly string[]): void {
    for (const listener of this.recordListeners) listener(xids);
  }
}
