type Listener = (inMemory: boolean) => void;

/** Tells whoever waits for committed changes that there may be some. A hint: the committed rows are the truth. */
export class CommitSignal {
  private readonly listeners = new Set<Listener>();

  onCommit(listener: Listener): void {
    this.listeners.add(listener);
  }

  /** @param inMemory whether this node's memory has been told of the changes already */
  give(inMemory: boolean): void {
    for (const listener of this.listeners) listener(inMemory);
  }
}
