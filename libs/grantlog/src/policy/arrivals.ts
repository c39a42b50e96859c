/** Members that have gone are passed over until they are so many, and then left out in one go. */
const mostGone = 65_536;

/** Objects in the order in which they came; those that go leave no gap. A plain list would be walked through for each that goes. */
export class Arrivals<T extends object> implements Iterable<T> {
  private list: T[] = [];
  private gone = new Set<T>();

  get size(): number {
    return this.list.length - this.gone.size;
  }

  /** @param one was never here before */
  add(one: T): void {
    this.list.push(one);
  }

  /** @param one is here */
  delete(one: T): void {
    this.gone.add(one);
    if (this.gone.size < mostGone && this.gone.size * 2 < this.list.length) return;
    this.list = this.list.filter((other) => !this.gone.has(other));
    this.gone = new Set();
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (const one of this.list) if (!this.gone.has(one)) yield one;
  }
}
