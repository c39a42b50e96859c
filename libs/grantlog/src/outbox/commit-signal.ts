/** Tells whoever waits for committed changes that there may be some. A hint: the committed rows are the truth. */
export class CommitSignal {
  private readonly listeners = new Set<() => void>();

  onCommit(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  give(): void {
    for (const listener of this.listeners) listener();
  }
}
