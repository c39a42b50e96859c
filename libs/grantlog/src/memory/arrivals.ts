/** Members of one set: few enough that it grows in some milliseconds. */
const mostInOne = 262_144;

/** A set of objects in the order in which they came, which grows without stopping everything else. */
export class Arrivals<T extends object> implements Iterable<T> {
  private sets: Set<T>[] = [new Set()];

  get size(): number {
    let size = 0;
    for (const set of this.sets) size += set.size;
    return size;
  }

  add(one: T): void {
    const last = this.sets.at(-1);
    if (last && last.size < mostInOne) last.add(one);
    else this.sets.push(new Set([one]));
  }

  delete(one: T): void {
    for (const set of this.sets) {
      if (!set.delete(one)) continue;
      if (set.size === 0 && this.sets.length > 1) this.sets = this.sets.filter((other) => other !== set);
      return;
    }
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (const set of this.sets) yield* set;
  }
}
